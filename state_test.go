package event_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

func TestGetDuringAGetLeavesTheFirstUndisturbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := v.Watch()
		got := make(chan int, 1)
		go func() { n, _ := w.Get(t.Context()); got <- n }()
		synctest.Wait()
		for range 2 {
			_, err := w.Get(t.Context())
			assert.Equal(t, event.ErrConcurrentGet, err)
			_, err = now(t, w)
			assert.Equal(t, event.ErrConcurrentGet, err)
		}
		synctest.Wait()
		require.Empty(t, got, "it waits")
		v.Set(1)
		assert.Equal(t, 1, <-got)
		v.Set(2)
		has(t, w, 2) // The watcher is idle again.
	})
}

func TestPanicOfAPredicateLeavesTheWatcherIdle(t *testing.T) {
	var v event.MemoryValue[int]
	w := v.Watch()
	v.Set(1)
	for range 2 {
		assert.PanicsWithValue(t, "boom", func() {
			_, _ = w.Get(t.Context(), event.Filter(func(int) bool { panic("boom") }))
		})
		assert.False(t, opened(w.Changed()), "the value is unseen")
	}
	has(t, w, 1)
}

// A Close ends a watcher that is idle and one that is busy. No Get that ends
// later, and no Set, makes the watcher usable again.
func TestCloseEndsAWatcherInEachState(t *testing.T) {
	for name, closes := range map[string]func(*testing.T, *event.MemoryValue[int], event.Watcher[int]) error{
		"Idle": func(t *testing.T, _ *event.MemoryValue[int], w event.Watcher[int]) error {
			_ = w.Close()
			_, err := w.Get(t.Context())
			return err
		},
		"Waiting": func(t *testing.T, _ *event.MemoryValue[int], w event.Watcher[int]) error {
			done := make(chan error, 1)
			go func() { _, err := w.Get(t.Context()); done <- err }()
			synctest.Wait()
			_ = w.Close()
			return <-done
		},
		"InAPredicate": func(t *testing.T, v *event.MemoryValue[int], w event.Watcher[int]) error {
			v.Set(2)
			_, err := w.Get(t.Context(), event.Filter(func(int) bool { _ = w.Close(); return true }))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var v event.MemoryValue[int]
				w := v.Watch()
				v.Set(1)
				has(t, w, 1)
				assert.Equal(t, event.ErrWatcherClosed, closes(t, &v, w))
				for n := range 2 {
					v.Set(n)
					_, err := w.Get(t.Context())
					assert.Equal(t, event.ErrWatcherClosed, err)
					_, err = now(t, w)
					assert.Equal(t, event.ErrWatcherClosed, err)
					assert.False(t, opened(w.Changed()))
					assert.NoError(t, w.Close(), "Close may be called again")
				}
			})
		})
	}
}
