package event_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

func TestViewsStartNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b event.MemoryValue[int]
		for _, view := range []event.ValueWatch[pair]{
			event.Combine(&a, &b, paired),
			event.Map(event.CombineAll[int](&a, &b), func(ns []int) pair { return pair{ns[0], ns[1]} }),
			event.Rate(event.Distinct(event.Combine(event.Rate(&a, time.Second), &b, paired)), time.Minute),
		} {
			before := testkit.Goroutines()
			w := view.Watch()
			changed := w.Changed()
			done := make(chan error)
			go func() { _, err := w.Get(t.Context()); done <- err }()
			synctest.Wait()
			assert.True(t, opened(changed))
			assert.Equal(t, before+1, testkit.Goroutines())
			_ = w.Close()
			assert.Equal(t, event.ErrWatcherClosed, <-done)
			synctest.Wait()
		}
	})
}
