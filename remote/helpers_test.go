package remote_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

type entry = remote.Entry[string]

// waits fails the test if a Get on w, in a bubble, has something to return.
func waits(t *testing.T, w event.Watcher[entry], opts ...event.GetOption[entry]) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var got entry
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		got, err = w.Get(ctx, opts...)
	}()
	synctest.Wait()
	select {
	case <-done:
		t.Fatalf("Get returns %+v, %v, though it has nothing to return for", got, err)
	default:
	}
	cancel()
	<-done
	require.ErrorIs(t, err, context.Canceled)
}

// get returns what a Get on w returns, which must not be an error.
func get(t *testing.T, w event.Watcher[entry], opts ...event.GetOption[entry]) entry {
	t.Helper()
	e, err := w.Get(t.Context(), opts...)
	require.NoError(t, err)
	return e
}

// backlog returns what is pending for w, all of it.
func backlog(t *testing.T, w event.Watcher[entry], opts ...event.GetOption[entry]) (all []entry) {
	t.Helper()
	opts = append(opts, event.BacklogOnly[entry]())
	for {
		e, err := w.Get(t.Context(), opts...)
		if err == event.BacklogDone {
			return all
		}
		require.NoError(t, err)
		all = append(all, e)
	}
}

// put writes to the store, past what is cut.
func put(t testing.TB, f *remotetest.Fake, key, val string) int64 {
	t.Helper()
	revision, err := f.Direct().Put(t.Context(), key, []byte(val), remote.Condition{})
	require.NoError(t, err)
	return revision
}

// remove deletes in the store, past what is cut.
func remove(t testing.TB, f *remotetest.Fake, key string) {
	t.Helper()
	_, err := f.Direct().Delete(t.Context(), key, remote.Condition{})
	require.NoError(t, err)
}

// isOpen reports whether c is not closed.
func isOpen(c <-chan struct{}) bool {
	synctest.Wait()
	select {
	case <-c:
		return false
	default:
		return true
	}
}

// A counting store counts the Follows in progress and all.
type counting struct {
	remote.Store
	running, all event.MemoryValue[int]
}

func (c *counting) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	add := func(v *event.MemoryValue[int], n int) {
		v.Update(func(old int, _ bool) (int, bool) { return old + n, true })
	}
	add(&c.all, 1)
	add(&c.running, 1)
	defer add(&c.running, -1)
	return c.Store.Follow(ctx, scope, apply)
}

// A script is a store of which a test says what it says. Its Follow ends with the context, or with what
// was sent to end.
type script struct {
	remote.Store
	say chan remote.Batch
	end chan error
}

func newScript() *script {
	return &script{say: make(chan remote.Batch), end: make(chan error)}
}

func (s *script) Follow(ctx context.Context, _ remote.Scope, apply func(remote.Batch) error) error {
	for {
		select {
		case b := <-s.say:
			if err := apply(b); err != nil {
				return err
			}
		case err := <-s.end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
