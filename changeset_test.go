package event_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

// many returns values, and a CombineAll of a Distinct of each. looked is called with the
// index of a source each time that a Get looks at a newer value of it.
func many(n int, looked func(i int)) ([]event.MemoryValue[int], event.ValueWatch[[]int]) {
	vs, sources := make([]event.MemoryValue[int], n), make([]event.ValueWatch[int], n)
	for i := range vs {
		vs[i].Set(1)
		sources[i] = event.DistinctFunc(&vs[i], func(int, int) bool { looked(i); return false })
	}
	return vs, event.CombineAll(sources...)
}

func TestGetLooksAtTheSourcesThatHaveChanged(t *testing.T) {
	var looked []int
	vs, view := many(100, func(i int) { looked = append(looked, i) })
	w := view.Watch()
	defer w.Close()
	for range 2 { // The first has values to take, the second nothing.
		_, _ = now(t, w)
	}
	assert.Empty(t, looked, "a first value is not compared")
	for _, i := range []int{7, 99, 7} {
		vs[i].Set(2)
	}
	vals, err := now(t, w)
	assert.NoError(t, err)
	assert.Len(t, vals, 100)
	assert.ElementsMatch(t, []int{7, 99}, looked)
	_, err = now(t, w)
	assert.Equal(t, event.BacklogDone, err)
	assert.Len(t, looked, 2)
}

// A Get that fails leaves what it has not looked at to the next.
func TestFailedGetLosesNoMark(t *testing.T) {
	var fail context.CancelFunc
	vs, view := many(100, func(int) {
		if fail != nil {
			fail()
		}
	})
	w := view.Watch()
	defer w.Close()
	for range 2 {
		_, _ = now(t, w)
	}
	for i := range vs {
		vs[i].Set(2)
	}
	ctx, cancel := context.WithCancel(t.Context())
	fail = cancel
	_, err := w.Get(ctx)
	assert.Equal(t, context.Canceled, err)
	fail = nil
	assert.False(t, opened(w.Changed()))
	vals, err := now(t, w)
	assert.NoError(t, err)
	for i, val := range vals {
		assert.Equal(t, 2, val, i)
	}
}

// A wait is ended by any of the sources, again and again.
func TestEachOfManySourcesWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vs, view := many(40, func(int) {})
		w, got := view.Watch(), make(chan []int)
		go func() {
			for vals, err := w.Get(t.Context()); err == nil; vals, err = w.Get(t.Context()) {
				got <- vals
			}
			close(got)
		}()
		<-got
		for range 2 {
			for i := range vs {
				synctest.Wait()
				assert.Empty(t, got)
				vs[i].Set(100 + i)
				assert.Equal(t, 100+i, (<-got)[i])
			}
		}
		assert.NoError(t, w.Close())
		_, open := <-got
		assert.False(t, open)
	})
}
