package remote_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// scripted runs test in a bubble with a Value over a scripted store.
func scripted(t *testing.T, test func(t *testing.T, s *script, v *remote.Value[string])) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		v := remote.NewValue(s, "key", remote.String())
		test(t, s, v)
		require.NoError(t, v.Close())
	})
}

// inBubble runs test in a bubble with a store and the Value of "key" in it, and
// then closes the Value. The bubble ends only if no goroutine is left.
func inBubble(t *testing.T, test func(t *testing.T, f *remotetest.Fake, v *remote.Value[string])) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		v := remote.NewValue(f, "key", remote.String())
		test(t, f, v)
		require.NoError(t, v.Close())
	})
}

// rangeInBubble runs test in a bubble with a store and the Range of "p/" in it,
// and then closes the Range. The bubble ends only if no goroutine is left.
func rangeInBubble(t *testing.T, test func(t *testing.T, f *remotetest.Fake, r *remote.Range[string])) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		r := remote.NewRange(f, "p/", remote.String())
		test(t, f, r)
		require.NoError(t, r.Close())
	})
}

var restart = entry{Restart: true}

// words formats entries: "*" is a Restart, "a=1" a value, "a-" an absent key.
func words(all []entry) string {
	var out []string
	for _, e := range all {
		switch {
		case e.Restart:
			out = append(out, "*")
		case e.Present:
			out = append(out, strings.TrimPrefix(e.Key, "p/")+"="+e.Value)
		default:
			out = append(out, strings.TrimPrefix(e.Key, "p/")+"-")
		}
	}
	return strings.Join(out, " ")
}

// pending formats the backlog of w once everything has arrived.
func pending(t *testing.T, w event.Watcher[entry], opts ...event.GetOption[entry]) string {
	t.Helper()
	synctest.Wait()
	return words(backlog(t, w, opts...))
}

func backlogOf(t *testing.T, w event.Watcher[entry]) []entry {
	t.Helper()
	synctest.Wait()
	return backlog(t, w)
}

type entry = remote.Entry[string]

// waits fails the test if a Get on w returns instead of waiting. The caller is
// in a bubble.
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

// get returns the result of a Get on w, which must not fail.
func get(t *testing.T, w event.Watcher[entry], opts ...event.GetOption[entry]) entry {
	t.Helper()
	e, err := w.Get(t.Context(), opts...)
	require.NoError(t, err)
	return e
}

// backlog returns all entries that are pending for w.
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

// put writes to the store over a connection that is never cut.
func put(t testing.TB, f *remotetest.Fake, key, val string) int64 {
	t.Helper()
	revision, err := f.Direct().Put(t.Context(), key, []byte(val), remote.Condition{})
	require.NoError(t, err)
	return revision
}

// remove deletes from the store over a connection that is never cut.
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

// A counting store counts the Follows in progress, and all Follows.
type counting struct {
	remote.Store
	running, all event.MemoryValue[int]
}

func (c *counting) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	add := func(v *event.MemoryValue[int], n int) {
		v.Update(func(old int, _ bool) (int, bool) { return old + n, true })
	}
	if key, one := scope.One(); one {
		if err := remote.CheckKey(key); err != nil {
			return err
		}
	}
	add(&c.all, 1)
	add(&c.running, 1)
	defer add(&c.running, -1)
	return c.Store.Follow(ctx, scope, apply)
}

// A script is a store whose batches a test sends. Its Follow returns the
// context's error, or the error that the test sends to end.
type script struct {
	remote.Store
	batches chan remote.Batch
	end     chan error
}

func newScript() *script {
	return &script{batches: make(chan remote.Batch), end: make(chan error)}
}

func (s *script) Follow(ctx context.Context, _ remote.Scope, apply func(remote.Batch) error) error {
	for {
		select {
		case b := <-s.batches:
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
