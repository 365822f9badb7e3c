package event

import (
	"slices"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// Combine returns what f makes of the values of a and b, as soon as both have one, and each
// time that one of them has a newer.
//
// Of each source a watcher takes the newest value, conflated as the source conflates. The
// order of a source's values holds for it alone: there is no one order of the pairs, and two watchers may
// see different ones. If a and b come from one value (a diamond), Get may return a pair of
// which one half is older than the other, while that value is changing; the newest pair, whose
// halves belong together, always comes in the end.
//
// When a source has ended, a watcher gets the newest pair, if it has not had it, and then the error with
// which the source has ended, for ever: if both have ended when it looks, that of a. A source that ends
// while one of the two has no value ends all at once.
//
// f is called on the goroutine of Get, once for each pair that this Get looks at, before
// the predicates of its Filters, and on that of each Load. What [Map] says of its function
// holds for it. The view starts no goroutine over values of this package, and keeps nothing but a, b and f
// while nobody watches. (A source from elsewhere costs a goroutine while a Get waits or a Changed channel is open, until the watcher is
// closed at the latest.) A watcher costs those of a and b and some objects, and keeps the last value of
// each source until it is closed. What it got from one source is kept if
// the Get then fails. Its Get asks each source, and so does Changed; a wait allocates an object
// for each source. A Changed channel may close early: after a Get that has looked at something new,
// or when the watcher is closed. The view has a Load exactly if a and b have one; then the pair is
// made of what the two return, one after the other.
//
// Combine panics if a, b or f is nil, and if a or b is keyed, as a remote.Range is.
func Combine[A, B, C any](a ValueWatch[A], b ValueWatch[B], f func(A, B) C) ValueWatch[C] {
	if isNil(a) || isNil(b) {
		panic("event: Combine: nil value")
	}
	if f == nil {
		panic("event: Combine: nil function")
	}
	if isKeyed(a) || isKeyed(b) {
		panic("event: Combine: " + keyedValue)
	}
	var load func() (C, bool)
	if la, lb := loaderOf(a), loaderOf(b); la != nil && lb != nil {
		load = func() (val C, ok bool) {
			valA, okA := la()
			valB, okB := lb()
			if okA && okB {
				return f(valA, valB), true
			}
			return val, false
		}
	}
	contexts := new(park.Contexts)
	return newView(func() Watcher[C] {
		sa := &sourceValue[A]{Watcher: a.Watch(), opts: []GetOption[A]{BacklogOnly[A]()}}
		sb := &sourceValue[B]{Watcher: b.Watch(), opts: []GetOption[B]{BacklogOnly[B]()}}
		w := &mergeWatcher[C]{sources: make([]source, 2)}
		w.sources[0].reader, w.sources[1].reader = sa, sb
		w.init(contexts, func() C { return f(sa.val, sb.val) })
		return w
	}, load, capability.Set{})
}

// CombineAll returns the values of vs in a slice, as soon as all have one, and each time
// that one of them has a newer. The slice is a fresh one each time; it is in the order of vs.
//
// All else is as [Combine] says. CombineAll panics if there are no vs, or if one of them is nil or
// keyed, as a remote.Range is.
func CombineAll[T any](vs ...ValueWatch[T]) ValueWatch[[]T] {
	if len(vs) == 0 {
		panic("event: CombineAll: no values")
	}
	vs = slices.Clone(vs) // The caller may go on using the array.
	for _, v := range vs {
		if isNil(v) {
			panic("event: CombineAll: nil value")
		}
		if isKeyed(v) {
			panic("event: CombineAll: " + keyedValue)
		}
	}
	contexts := new(park.Contexts)
	return newView(func() Watcher[[]T] {
		w, values := &mergeWatcher[[]T]{sources: make([]source, len(vs))}, make([]sourceValue[T], len(vs))
		opts := []GetOption[T]{BacklogOnly[T]()}
		for i, v := range vs {
			values[i].Watcher, values[i].opts = v.Watch(), opts
			w.sources[i].reader = &values[i]
		}
		w.init(contexts, func() []T {
			vals := make([]T, len(values))
			for i := range values {
				vals[i] = values[i].val
			}
			return vals
		})
		return w
	}, loadAll(vs), capability.Set{})
}

// loadAll returns what loads all of vs, or nil if one of them has no Load.
func loadAll[T any](vs []ValueWatch[T]) func() ([]T, bool) {
	loads := make([]func() (T, bool), len(vs))
	for i, v := range vs {
		if loads[i] = loaderOf(v); loads[i] == nil {
			return nil
		}
	}
	return func() ([]T, bool) {
		vals := make([]T, len(loads))
		for i, load := range loads {
			val, ok := load()
			if !ok {
				return nil, false
			}
			vals[i] = val
		}
		return vals, true
	}
}
