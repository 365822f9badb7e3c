package event_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

func TestViewsRefuseAGetDuringAGet(t *testing.T) {
	for _, kind := range viewKinds {
		synctest.Test(t, func(t *testing.T) {
			var a, b event.MemoryValue[int]
			w := viewOfKind(kind, &a, &b).Watch()
			refuses := func(ctx context.Context, want error) {
				_, err := w.Get(ctx)
				assert.Equal(t, want, err, kind)
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			got := make(chan error)
			go func() { _, err := w.Get(t.Context()); got <- err }()
			synctest.Wait()
			refuses(t.Context(), event.ErrConcurrentGet)
			refuses(ended, context.Canceled)
			b.Set(1)
			a.Set(1)
			assert.NoError(t, <-got, "the Get in progress goes on")
			a.Set(2)
			_, err := w.Get(t.Context(), event.Filter(func(int) bool {
				refuses(t.Context(), event.ErrConcurrentGet)
				assert.NoError(t, w.Close())
				refuses(t.Context(), event.ErrWatcherClosed)
				refuses(ended, context.Canceled)
				return true
			}))
			assert.Equal(t, event.ErrWatcherClosed, err, kind)
		})
	}
}

func TestPanicInAGetOfAViewEndsThatGet(t *testing.T) {
	for _, kind := range viewKinds {
		var a, b event.MemoryValue[int]
		w := viewOfKind(kind, &a, &b).Watch()
		a.Set(1)
		b.Set(1)
		for range 2 { // Not ErrConcurrentGet the second time.
			assert.PanicsWithValue(t, "boom", func() {
				_, _ = now(t, w, event.Filter(func(int) bool { panic("boom") }))
			}, kind)
		}
		_, err := now(t, w)
		assert.NoError(t, err, kind)
		assert.NoError(t, w.Close())
		_, err = now(t, w)
		assert.Equal(t, event.ErrWatcherClosed, err, kind)
	}
}
