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
		keyed = entries{&v}
		id    = func(n int) int { return n }
		equal = func(a, b int) bool { return a == b }
		sum   = func(a, b int) int { return a + b }
		run   = func(context.Context, int) error { return nil }
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
		"event: Values: nil context":              func() { event.Values(none, &v) },
		"event: Values: nil value":                func() { event.Values(t.Context(), never) },
		"event: Until: nil context":               func() { event.Until(none, &v, is) },
		"event: Until: nil value":                 func() { event.Until(t.Context(), never, is) },
		"event: Until: nil predicate":             func() { event.Until(t.Context(), &v, nil) },
		"event: Load: nil value":                  func() { event.Load(never) },
		"event: TryGet: nil context":              func() { _, _, _ = event.TryGet(none, w) },
		"event: TryGet: nil watcher":              func() { _, _, _ = event.TryGet[int](t.Context(), nil) },
		"event: Version: nil watcher":             func() { event.Version[int](nil) },
		"event: Behind: nil watcher":              func() { event.Behind[int](nil) },
		"event: LoadVersion: nil value":           func() { event.LoadVersion(never) },
		"event: Map: nil value":                   func() { event.Map(never, id) },
		"event: Map: nil function":                func() { event.Map[int, int](&v, nil) },
		"event: Distinct: nil value":              func() { event.Distinct(never) },
		"event: Distinct: keyed value: collect its entries in a MemoryValue and use that": func() { event.Distinct[int](keyed) },
		"event: DistinctFunc: nil value":    func() { event.DistinctFunc(never, equal) },
		"event: DistinctFunc: nil function": func() { event.DistinctFunc(&v, nil) },
		"event: DistinctFunc: keyed value: collect its entries in a MemoryValue and use that": func() { event.DistinctFunc[int](keyed, equal) },
		"event: Combine: nil value":    func() { event.Combine(&v, never, sum) },
		"event: Combine: nil function": func() { event.Combine[int, int, int](&v, &v, nil) },
		"event: Combine: keyed value: collect its entries in a MemoryValue and use that": func() { event.Combine(&v, keyed, sum) },
		"event: CombineAll: no values": func() { event.CombineAll[int]() },
		"event: CombineAll: nil value": func() { event.CombineAll(&v, never) },
		"event: CombineAll: keyed value: collect its entries in a MemoryValue and use that": func() { event.CombineAll[int](&v, keyed) },
		"event: Rate: nil value":             func() { event.Rate(never, 1) },
		"event: Rate: interval not positive": func() { event.Rate(&v, 0) },
		"event: Rate: keyed value: collect its entries in a MemoryValue and use that": func() { event.Rate[int](keyed, 1) },
		"event: RunWhile: nil context":  func() { _ = event.RunWhile(none, &v, equal, run) },
		"event: RunWhile: nil value":    func() { _ = event.RunWhile(t.Context(), never, equal, run) },
		"event: RunWhile: nil function": func() { _ = event.RunWhile(t.Context(), &v, nil, run) },
		"event: RunWhile: keyed value: collect its entries in a MemoryValue and use that": func() { _ = event.RunWhile(t.Context(), keyed, equal, run) },
		"event: Memo: nil value":    func() { event.Memo(never, id) },
		"event: Memo: nil function": func() { event.Memo[int, int](&v, nil) },
		"event: Memo: keyed value: collect its entries in a MemoryValue and use that": func() { event.Memo[int](keyed, id) },
		"event: Where: nil value":            func() { event.Where(never, is) },
		"event: Where: nil predicate":        func() { event.Where(&v, nil) },
		"event: Debounce: nil value":         func() { event.Debounce(never, 1) },
		"event: Debounce: time not positive": func() { event.Debounce(&v, 0) },
		"event: Debounce: keyed value: collect its entries in a MemoryValue and use that": func() { event.Debounce[int](keyed, 1) },
		"event: DebounceMax: nil value":                                                      func() { event.DebounceMax(never, 1, 1) },
		"event: DebounceMax: time not positive":                                              func() { event.DebounceMax(&v, 0, 1) },
		"event: DebounceMax: longest time less than the quiet time":                          func() { event.DebounceMax(&v, 2, 1) },
		"event: DebounceMax: keyed value: collect its entries in a MemoryValue and use that": func() { event.DebounceMax[int](keyed, 1, 1) },
		"event: WithHealthy: nil context":                                                    func() { event.WithHealthy(none, func() {}) },
		"event: WithHealthy: nil function":                                                   func() { event.WithHealthy(t.Context(), nil) },
	} {
		assert.PanicsWithValue(t, text, call)
	}
	for text, call := range map[string]func(){
		"event: Combine: nil value": func() { event.Combine(never, &v, sum) },
		"event: Combine: keyed value: collect its entries in a MemoryValue and use that": func() { event.Combine(keyed, &v, sum) },
		"event: Rate: interval not positive":                                             func() { event.Rate(&v, -1) },
		"event: RunWhile: nil function":                                                  func() { _ = event.RunWhile(t.Context(), &v, equal, nil) },
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

// A nil *MemoryValue is a nil value, though an interface that holds it is not nil.
func TestNilMemoryValueIsRefusedWhereItIsGiven(t *testing.T) {
	var v event.MemoryValue[int]
	var null *event.MemoryValue[int]
	id := func(n int) int { return n }
	equal := func(a, b int) bool { return a == b }
	sum := func(a, b int) int { return a + b }
	run := func(context.Context, int) error { return nil }
	for _, c := range []struct {
		name string
		call func()
	}{
		{"Map", func() { event.Map(null, id) }},
		{"Load", func() { event.Load(null) }},
		{"Values", func() { event.Values(t.Context(), null) }},
		{"Until", func() { event.Until(t.Context(), null, func(int) bool { return true }) }},
		{"LoadVersion", func() { event.LoadVersion(null) }},
		{"Distinct", func() { event.Distinct(null) }},
		{"DistinctFunc", func() { event.DistinctFunc(null, equal) }},
		{"Combine", func() { event.Combine(null, &v, sum) }},
		{"Combine", func() { event.Combine(&v, null, sum) }},
		{"CombineAll", func() { event.CombineAll[int](&v, null) }},
		{"Rate", func() { event.Rate(null, 1) }},
		{"Memo", func() { event.Memo(null, id) }},
		{"Where", func() { event.Where(null, func(int) bool { return true }) }},
		{"Debounce", func() { event.Debounce(null, 1) }},
		{"DebounceMax", func() { event.DebounceMax(null, 1, 1) }},
		{"Wait", func() { _, _ = event.Wait(t.Context(), null, func(int) bool { return true }) }},
		{"All", func() { event.All(t.Context(), null) }},
		{"Pipe", func() { event.Pipe(null, make(chan int)) }},
		{"RunWhile", func() { _ = event.RunWhile(t.Context(), null, equal, run) }},
	} {
		assert.PanicsWithValue(t, "event: "+c.name+": nil value", c.call)
	}
	n, _ := v.Watchers().(event.Loader[int]).Load()
	assert.Zero(t, n, "it leaves everything as it was")
}

func TestNilContextWinsOverClose(t *testing.T) {
	var v event.MemoryValue[int]
	var none context.Context
	w := v.Watch()
	assert.NoError(t, w.Close())
	assert.PanicsWithValue(t, "event: Watcher.Get: nil context", func() { _, _ = w.Get(none) })
}
