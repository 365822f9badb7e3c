package event_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

// TestBadUsePanics is every programmer's error there is: the panic names package and
// function, and leaves everything as it was.
func TestBadUsePanics(t *testing.T) {
	var (
		v     event.MemoryValue[int]
		none  context.Context
		c     = make(chan int, 1)
		is    = func(int) bool { return true }
		never event.ValueWatch[int]
	)
	v.Set(1)
	w := v.Watch()
	for text, call := range map[string]func(){
		"event: Filter: nil predicate":            func() { event.Filter[int](nil) },
		"event: MemoryValue.Update: nil function": func() { v.Update(nil) },
		"event: Watcher.Get: nil context":         func() { _, _ = w.Get(none) },
		"event: Pipe: nil value":                  func() { event.Pipe(never, c) },
		"event: Pipe: nil channel":                func() { event.Pipe(&v, nil) },
		"event: Pipe: nil context":                func() { _ = event.Pipe(&v, c)(none) },
		"event: Runnable.Serve: nil context":      func() { _ = event.Pipe(&v, c).Serve(none) },
		"event: Runnable.Serve: nil function":     func() { _ = event.Runnable(nil).Serve(t.Context()) },
		"event: Wait: nil context":                func() { _, _ = event.Wait(none, &v, is) },
		"event: Wait: nil value":                  func() { _, _ = event.Wait(t.Context(), never, is) },
		"event: Wait: nil predicate":              func() { _, _ = event.Wait(t.Context(), &v, nil) },
		"event: All: nil context":                 func() { event.All(none, &v) },
		"event: All: nil value":                   func() { event.All(t.Context(), never) },
	} {
		assert.PanicsWithValue(t, text, call)
	}
	assert.Empty(t, c)
	got, err := w.Get(t.Context(), event.BacklogOnly[int]())
	assert.NoError(t, err)
	assert.Equal(t, 1, got, "the watcher has not moved")
	val, ok := v.Load()
	assert.True(t, ok)
	assert.Equal(t, 1, val)
}

func TestNilContextWinsOverClose(t *testing.T) {
	var v event.MemoryValue[int]
	var none context.Context
	w := v.Watch()
	assert.NoError(t, w.Close())
	assert.PanicsWithValue(t, "event: Watcher.Get: nil context", func() { _, _ = w.Get(none) })
}
