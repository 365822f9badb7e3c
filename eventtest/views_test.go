package eventtest_test

import (
	"testing"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
)

// A viewed value is a view over a value in memory, or over what that is made
// into.
type viewed struct {
	name  string
	over  func(*event.MemoryValue[*item]) event.ValueWatch[*item]
	lacks []eventtest.Capability
}

var (
	// mergeLacks has the capabilities that a view of several sources lacks. It
	// keeps a value for each watcher, and a source may have no data.
	mergeLacks = []eventtest.Capability{eventtest.NoAllocation, eventtest.Collectable, eventtest.PreciseChanges}
	same       = func(a, b *item) bool { return a == b }
)

func left[T any](a *item, _ T) *item  { return a }
func right[T any](_ T, b *item) *item { return b }

// foreign is a value whose watchers are none of package event's.
type foreign struct{ event.ValueWatch[*item] }

type foreignWatcher struct{ event.Watcher[*item] }

func (f foreign) Watch() event.Watcher[*item] { return foreignWatcher{f.ValueWatch.Watch()} }

// one is a value that has ended with 1. A Combine over it and another value ends
// with that value.
func one() event.ValueWatch[int] {
	v := new(event.MemoryValue[int])
	v.Set(1)
	_ = v.Close()
	return v
}

// wrapped is a chain of three Maps.
func wrapped(v event.ValueWatch[*item]) event.ValueWatch[*item] {
	type box struct{ *item }
	in := event.Map(v, func(i *item) box { return box{i} })
	through := event.Map(in, func(b box) any { return b })
	return event.Map(through, func(b any) *item { return b.(box).item })
}

func all(vs ...event.ValueWatch[*item]) event.ValueWatch[*item] {
	return event.Map(event.CombineAll(vs...), func(is []*item) *item { return is[0] })
}

func views() []viewed {
	lacks := func(more ...eventtest.Capability) []eventtest.Capability { return append(more, mergeLacks...) }
	return []viewed{
		{"Map", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Map(v, func(i *item) *item { return i })
		}, nil},
		{"MapOfMapOfMap", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return wrapped(v)
		}, nil},
		{"DistinctFunc", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.DistinctFunc(v, same)
		}, lacks(eventtest.EqualValues)},
		{"CombineLeft", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Combine(v, one(), left)
		}, lacks()},
		{"CombineRight", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Combine(one(), v, right)
		}, lacks()},
		{"CombineForeign", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Combine(one(), foreign{v}, right)
		}, lacks(eventtest.NoGoroutine)},
		{"CombineAll", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return all(v)
		}, lacks()},
		{"DistinctOfDiamond", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Distinct(event.Combine(wrapped(v), event.Combine(v, one(), left), left))
		}, lacks(eventtest.EqualValues)},
		{"Rate", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Rate(v, time.Millisecond)
		}, lacks(eventtest.Immediate)},
		{"RateOfForeign", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Rate(foreign{v}, time.Millisecond)
		}, lacks(eventtest.Immediate, eventtest.NoGoroutine)},
		{"Where", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Where(v, func(*item) bool { return true })
		}, nil},
		{"WhereOfForeign", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Where(foreign{v}, func(*item) bool { return true })
		}, nil},
		{"CombineOfWhere", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Combine(one(), event.Where(v, func(*item) bool { return true }), right)
		}, lacks()},
		{"Memo", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Memo(v, func(i *item) *item { return i })
		}, []eventtest.Capability{eventtest.NoAllocation, eventtest.Collectable}},
		{"MemoOfMapAndDistinct", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Memo(event.Distinct(wrapped(v)), func(i *item) *item { return i })
		}, lacks(eventtest.EqualValues)},
		{"CombineOfMemo", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Combine(one(), event.Memo(v, func(i *item) *item { return i }), right)
		}, lacks()},
		{"Debounce", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Debounce(v, time.Millisecond)
		}, lacks(eventtest.Immediate, eventtest.Backlog)},
		{"DebounceMaxOfForeign", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.DebounceMax(foreign{v}, time.Millisecond, 2*time.Millisecond)
		}, lacks(eventtest.Immediate, eventtest.Backlog, eventtest.NoGoroutine)},
		{"CombineOfRate", func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Combine(one(), event.Rate(v, time.Millisecond), right)
		}, lacks(eventtest.Immediate)},
	}
}

func TestViews(t *testing.T) {
	for _, view := range views() {
		t.Run(view.name, func(t *testing.T) {
			eventtest.Run(t, func(testing.TB) eventtest.Subject { return view.subject() }, view.lacks...)
		})
	}
}

func (v viewed) subject() eventtest.Subject {
	source := new(event.MemoryValue[*item])
	view := v.over(source)
	s := eventtest.Subject{Set: source.Set, Watch: view.Watch, Close: source.CloseWithError}
	if l, ok := view.(event.Loader[*item]); ok {
		s.Load = l.Load
	}
	return s
}
