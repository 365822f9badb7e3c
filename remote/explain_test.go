package remote_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

var errCable = errors.New("cable")

// followed is what the tests of this file do with a Value and with a Range.
type followed interface {
	event.ValueWatch[entry]
	Sync(ctx context.Context, revision int64) error
}

// forBoth runs test with a Value, and with a Range, over a store whose
// connection has been cut for three seconds when ctx ends.
func forBoth(t *testing.T, test func(t *testing.T, ctx context.Context, v followed, text string)) {
	run := func(t *testing.T, name string, v followed, f *remotetest.Fake) {
		w := v.Watch()
		_, err := w.Get(t.Context(), event.Filter(func(e entry) bool { return e.Present }))
		require.NoError(t, err)
		defer w.Close()
		f.Cut(errCable)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		test(t, ctx, v, fmt.Sprintf("context deadline exceeded: remote: the %s is broken since 3s: cable", name))
		f.Heal()
		synctest.Wait()
	}
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "a")
		run(t, "value", v, f)
	})
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		put(t, f, "p/a", "a")
		run(t, "range", r, f)
	})
}

// explained checks that err is the end of a context and the cable, with text.
func explained(t *testing.T, err error, text string) {
	t.Helper()
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorIs(t, err, errCable)
	assert.EqualError(t, err, text)
}

func TestGetSaysWhatTheConnectionLacks(t *testing.T) {
	forBoth(t, func(t *testing.T, ctx context.Context, v followed, text string) {
		w, filtered := v.Watch(), v.Watch()
		defer w.Close()
		defer filtered.Close()
		backlog(t, w)
		errs := make(chan error)
		go func() {
			_, err := filtered.Get(ctx, event.Filter(func(entry) bool { return false }))
			errs <- err
		}()
		_, err := w.Get(ctx)
		explained(t, err, text)
		explained(t, <-errs, text)
	})
}

func TestSyncSaysWhatTheConnectionLacks(t *testing.T) {
	forBoth(t, func(t *testing.T, ctx context.Context, v followed, text string) {
		explained(t, v.Sync(ctx, 2), text)
	})
}

// TestSyncSaysItWhateverWakesIt ends the context at the moment at which Sync asks the
// store for its revision.
func TestSyncSaysItWhateverWakesIt(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			var f remotetest.Fake
			v := remote.NewValue(&f, "k", remote.String())
			defer v.Close()
			w := v.Watch()
			defer w.Close()
			_, err := w.Get(t.Context())
			assert.NoError(t, err)
			f.Cut(errCable)
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			assert.ErrorIs(t, v.Sync(ctx, 1000), errCable)
		})
	}
}

// TestFunctionsOfPackageEventSayIt checks the functions of package event that
// return the error of a Get that has waited.
func TestFunctionsOfPackageEventSayIt(t *testing.T) {
	no := func(entry) bool { return false }
	for name, wait := range map[string]func(context.Context, *remote.Value[string]) error{
		"Wait": func(ctx context.Context, v *remote.Value[string]) error {
			_, err := event.Wait(ctx, v, no)
			return err
		},
		"All": func(ctx context.Context, v *remote.Value[string]) error {
			var errs []error
			for _, err := range event.All(ctx, v, event.Filter(no)) {
				errs = append(errs, err)
			}
			return errors.Join(errs...) // The text shows that it is one.
		},
		"Pipe": func(ctx context.Context, v *remote.Value[string]) error {
			return event.Pipe(v, make(chan entry), event.Filter(no))(ctx)
		},
		"RunWhile": func(ctx context.Context, v *remote.Value[string]) error {
			keep := func(old, next entry) bool { return true }
			return event.RunWhile(ctx, v, keep, func(context.Context, entry) error { return nil })
		},
		"Map": func(ctx context.Context, v *remote.Value[string]) error {
			_, err := event.Map(v, func(e entry) string { return e.Value }).Watch().Get(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
				f.Cut(errCable)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				explained(t, wait(ctx, v), "context deadline exceeded: remote: the value is broken since 3s: cable")
			})
		})
	}
}

// TestGetThatNeedNotSayIt checks that the error is the one of the context itself
// if the connection lacks nothing, and if the Get need not wait.
func TestGetThatNeedNotSayIt(t *testing.T) {
	forBoth(t, func(t *testing.T, _ context.Context, v followed, _ string) {
		w := v.Watch()
		defer w.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := w.Get(ctx, event.Filter(func(entry) bool { return false }))
		assert.NotEqual(t, context.DeadlineExceeded, err, "the Get has waited")
		ctx, cancel = context.WithCancel(t.Context())
		_, err = w.Get(ctx, event.Filter(func(entry) bool { cancel(); return true }))
		assert.Equal(t, context.Canceled, err, "there was an entry")
		_, err = w.Get(ctx)
		assert.Equal(t, context.Canceled, err, "ctx has ended before")
		_, err = w.Get(ctx, event.BacklogOnly[entry]())
		assert.Equal(t, context.Canceled, err)
		ctx, cancel = context.WithCancel(t.Context())
		_, err = w.Get(ctx, event.BacklogOnly[entry](), event.Filter(func(entry) bool { cancel(); return false }))
		assert.Equal(t, context.Canceled, err, "a Get with BacklogOnly does not wait")
	})
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		w := v.Watch()
		get(t, w)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := w.Get(ctx)
		assert.Equal(t, context.DeadlineExceeded, err, "connected")
	})
}

// TestOnlyTheEndOfTheContextIsExplained has a context that ends when a wait has
// just ended for another reason.
func TestOnlyTheEndOfTheContextIsExplained(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	broken := remote.Status{State: remote.Broken, Reason: errCable}
	for _, err := range []error{event.ErrWatcherClosed, fmt.Errorf("%w: %w", event.ErrClosed, context.Canceled)} {
		assert.Equal(t, err, remote.Explain(broken, ctx, err))
	}
	assert.ErrorIs(t, remote.Explain(broken, ctx, context.Canceled), errCable)
	for _, state := range []remote.State{remote.Idle, remote.Connected, remote.Ended} {
		assert.Equal(t, context.Canceled, remote.Explain(remote.Status{State: state, Reason: errCable}, ctx, context.Canceled))
	}
}

func TestStatesThatAWaitSays(t *testing.T) {
	scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
		w := v.Watch()
		fails := func(text string) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 1234*time.Microsecond)
			defer cancel()
			_, err := w.Get(ctx)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.EqualError(t, err, "context deadline exceeded"+text)
		}
		fails(": remote: the value is catching up since 1ms: remote: the store has not answered yet")
		s.batches <- remote.Batch{Full: true, More: true}
		fails(": remote: the value is catching up since 2ms: remote: an update has not arrived completely yet")
		s.batches <- remote.Batch{Broken: fmt.Errorf("%w: permission", remote.ErrRefused)}
		fails(": remote: the value is refused since 1ms: remote: the store refuses: permission")
		s.batches <- remote.Batch{Full: true, CatchingUp: true}
		get(t, w)
		fails(": remote: the value is catching up since 1ms: remote: the store does not deliver later changes yet")
		s.batches <- remote.Batch{}
		fails("")
	})
}
