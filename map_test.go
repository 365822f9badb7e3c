package event_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

func TestMapFiltersRunOnMappedValues(t *testing.T) {
	var v event.MemoryValue[int]
	calls := 0
	w := event.Map(&v, func(n int) string { calls++; return strconv.Itoa(n) }).Watch()
	v.Set(1)
	_, err := now(t, w, event.Filter(func(s string) bool { return s == "2" }))
	assert.Equal(t, event.BacklogDone, err)
	v.Set(2)
	s, err := now(t, w, event.Filter(func(s string) bool { return s == "2" }), event.Filter(func(s string) bool { return true }))
	assert.NoError(t, err)
	assert.Equal(t, "2", s)
	assert.Equal(t, 2, calls, "once for each value that a Get looks at")
}

func TestMapCallsItsFunctionForEachWatcher(t *testing.T) {
	var v event.MemoryValue[int]
	calls := 0
	view := event.Map(&v, func(n int) *int { calls++; return &n })
	v.Set(1)
	v.Set(2)
	assert.Zero(t, calls, "nobody watches")
	a, _ := now(t, view.Watch())
	b, _ := now(t, view.Watch())
	assert.NotSame(t, a, b)
	assert.Equal(t, 2, calls)
}

func TestMapOfAPanickingFunctionConsumesNothing(t *testing.T) {
	var v event.MemoryValue[int]
	broken := true
	w := event.Map(&v, func(n int) int {
		if broken {
			panic("boom")
		}
		return -n
	}).Watch()
	v.Set(1)
	for range 2 {
		assert.PanicsWithValue(t, "boom", func() { _, _ = now(t, w) })
	}
	broken = false
	has(t, w, -1)
}

func TestMapMayBeNestedInItself(t *testing.T) {
	var v event.MemoryValue[int]
	view := event.Map(&v, func(n int) int {
		m, _ := v.Load() // Calls back.
		return n + m
	})
	v.Set(1)
	w := event.Map(view, func(n int) int { return 10 * n }).Watch()
	has(t, w, 20)
	assert.NoError(t, v.CloseWithError(errors.New("cause")))
	_, err := now(t, w)
	assert.ErrorIs(t, err, event.ErrClosed, "a view of a view of an ended value")
	later := event.Map(view, func(n int) int { return 10 * n }).Watch()
	n, err := now(t, later)
	assert.NoError(t, err)
	assert.Equal(t, 20, n, "the final value, also for a later watcher")
	_, err = now(t, later)
	assert.ErrorIs(t, err, event.ErrClosed)
}

func TestMapGetUnderAnotherContextDuringAGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.Map(&v, func(n int) int { return -n }).Watch()
		got := make(chan int)
		go func() { n, _ := w.Get(t.Context()); got <- n }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := w.Get(ctx)
		assert.Equal(t, event.ErrConcurrentGet, err)
		cancel()
		_, err = w.Get(ctx)
		assert.Equal(t, context.Canceled, err)
		v.Set(1)
		assert.Equal(t, -1, <-got)
		assert.NoError(t, w.Close())
		_, err = w.Get(ctx)
		assert.Equal(t, context.Canceled, err, "the context's end wins over Close")
	})
}

func ExampleMap() {
	type config struct {
		Level string
		Port  int
	}
	var current event.MemoryValue[config]
	port := event.Map(&current, func(c config) int { return c.Port })
	ports := event.Distinct(port).Watch()
	defer ports.Close()

	ctx := context.Background()
	current.Set(config{"info", 80})
	fmt.Println(ports.Get(ctx))
	current.Set(config{"debug", 80}) // Not a change of the port.
	fmt.Println(ports.Get(ctx, event.BacklogOnly[int]()))
	// Output:
	// 80 <nil>
	// 0 event: backlog done
}
