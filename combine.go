package event

import (
	"slices"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// Combine returns what f makes of the values of a and b, as soon as both have one, and
// each time that one of them has a newer.
//
// A watcher takes the newest value of each source, conflated as the source conflates.
// The values of one source are in order. The pairs have no order, and two watchers may
// get different ones. If a and b come from one value (a diamond), Get may return a pair
// of which one half is older than the other while that value changes. The newest pair,
// whose halves belong together, always comes last.
//
// Each watcher handles the end of a source as follows:
//
//   - The watcher has taken a value of the source, and the source ends with ErrClosed
//     itself. The pair keeps that value, and the view continues with the other source.
//     The watcher of the ended source is closed.
//     When both sources have ended so, Get returns the newest pair once, and then
//     [ErrClosed].
//   - A source that ends without a value ends the view at once.
//   - A source that ends with a cause ends the view after the newest pair, if there is
//     one. The pair is the one that is newest when a Get first finds the end. What a
//     [Rate] below holds back at that time is not returned.
//
// In the last two cases the end of the view is a [*SourceError], and it stays. If both
// sources have ended so, the error has the end of a. A source that is a Combine itself
// has ended when a Get finds its end, even if this Get returns a pair first: the source
// then gets no newer values.
//
// Any other error of a source, such as the error of ctx, is returned unwrapped, by that Get
// alone.
//
// A watcher that is made after the end of a source still gets the newest pair, once,
// which another watcher may have missed.
//
// Get calls f on its goroutine, once for each pair that it looks at, before the
// predicates of its Filters. Load calls f on its goroutine. f must satisfy what [Map]
// requires of its function. What a watcher has taken from a source is kept if the Get
// then fails. A Changed channel may close early: after a Get that has looked at
// something new, or when the watcher is closed. The view is a [Loader] if a and b are;
// its Load combines what the two return, one after the other.
//
// Combine panics if a, b or f is nil, and if a or b is keyed, as a remote.Range is.
//
// Cost: the view starts no goroutine over values of this module. Without watchers it
// refers only to a, b and f. A source from elsewhere costs a goroutine while a Get waits
// or a Changed channel is open, until the watcher is closed at the latest. A watcher
// costs a watcher of a, one of b and some objects, and keeps the last value of each
// source until it is closed. A Get costs what the sources that have changed cost, and a
// check of each source if there are at most sixteen.
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
	var load loader[C]
	if la, lb := loaderOf(a), loaderOf(b); la != nil && lb != nil {
		load = func() (val C, noVersion uint64, ok bool) {
			valA, _, okA := la()
			valB, _, okB := lb()
			if okA && okB {
				return f(valA, valB), 0, true
			}
			return val, 0, false
		}
	}
	contexts := new(park.Contexts)
	return newView(func() Watcher[C] {
		var taken struct {
			a A
			b B
		}
		w := &mergeWatcher[C]{sources: make([]source, 2)}
		w.sources[0].reader = &sourceValue[A]{a.Watch(), &taken.a, []GetOption[A]{BacklogOnly[A]()}}
		w.sources[1].reader = &sourceValue[B]{b.Watch(), &taken.b, []GetOption[B]{BacklogOnly[B]()}}
		w.init(contexts, func() C { return f(taken.a, taken.b) })
		return w
	}, load, capability.Set{})
}

// CombineAll returns the values of vs in a slice, as soon as all have one, and each time
// that one of them has a newer. The slice is a new one each time, in the order of vs.
//
// A []*MemoryValue[T] is not a []ValueWatch[T]: convert it, as the second Example does.
//
// It handles all of vs as [Combine] handles two sources. If there are more than sixteen,
// a Get looks only at the sources that have changed. If a Set of a source is in progress when
// the Get begins, the Get may miss it, and with it the later Sets of that source.
//
// CombineAll panics if vs is empty, or if one of vs is nil or keyed, as a remote.Range is.
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
		w, taken := &mergeWatcher[[]T]{sources: make([]source, len(vs))}, make([]T, len(vs))
		readers, opts := make([]sourceValue[T], len(vs)), []GetOption[T]{BacklogOnly[T]()}
		for i, v := range vs {
			readers[i] = sourceValue[T]{v.Watch(), &taken[i], opts}
			w.sources[i].reader = &readers[i]
		}
		w.init(contexts, func() []T { return slices.Clone(taken) })
		return w
	}, loadAll(vs), capability.Set{})
}

// loadAll returns what loads all of vs, or nil if one of them has no Load.
func loadAll[T any](vs []ValueWatch[T]) loader[[]T] {
	loads := make([]loader[T], len(vs))
	for i, v := range vs {
		if loads[i] = loaderOf(v); loads[i] == nil {
			return nil
		}
	}
	return func() (vals []T, noVersion uint64, ok bool) {
		vals = make([]T, len(loads))
		for i, load := range loads {
			val, _, ok := load()
			if !ok {
				return nil, 0, false
			}
			vals[i] = val
		}
		return vals, 0, true
	}
}
