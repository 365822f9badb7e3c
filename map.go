package event

import (
	"context"

	"go.uber.org/atomic"
)

// Map returns v with each value replaced by what f makes of it. Where only a part of what v
// holds is of interest, put [Distinct] on top. Every Set of v notifies, whatever f makes of it.
//
// The view starts no goroutine and keeps nothing but v and f. f is called on the goroutine
// of the Get that returns what it made, for each watcher anew and once for each value that
// this Get looks at, also for those that a Filter then rejects; and on that of each Load.
// No lock is held; f may call back into v, and run concurrently for several watchers. If it
// panics, the panic reaches the caller of Get and the watcher has not moved. What it returns
// must not depend on when it is called, or watchers see different values.
//
// A watcher costs that of v and four objects, and its Get what that of v's watcher costs with
// a Filter. It keeps no value. The view has a Load exactly if v has one, is marked by
// a method Keyed if v is, and its watchers have a Behind if those of v have.
//
// Map panics if v or f is nil.
func Map[T, U any](v ValueWatch[T], f func(T) U) ValueWatch[U] {
	if v == nil {
		panic("event: Map: nil value")
	}
	if f == nil {
		panic("event: Map: nil function")
	}
	var load func() (U, bool)
	if l := loaderOf(v); l != nil {
		load = func() (mapped U, ok bool) {
			val, ok := l()
			if ok {
				mapped = f(val)
			}
			return mapped, ok
		}
	}
	return viewOf[U](mapView[T, U]{v, f}, load, isKeyed(v))
}

type mapView[T, U any] struct {
	source ValueWatch[T]
	f      func(T) U
}

func (v mapView[T, U]) Watch() Watcher[U] {
	w := &mapWatcher[T, U]{source: v.source.Watch(), f: v.f}
	w.spare.Store(newMapping(v.f))
	return watcherOf[U](w, w.source)
}

// A mapWatcher is a watcher of a [Map]. It has no state of its own: where it stands is where
// its source stands.
type mapWatcher[T, U any] struct {
	source Watcher[T]
	f      func(T) U
	// spare is what the last Get was made with. A Get takes it, by an exchange for nil, and
	// stores it when it is done: of Gets that meet, one has it, and the others make their own.
	spare atomic.Pointer[mapping[T, U]]
}

// A mapping is what one Get asks of the source: f and the caller's options as one predicate.
// That is the place for f: there, a panic leaves the value unseen, and what the predicates
// accept is what the source returns.
type mapping[T, U any] struct {
	f    func(T) U
	opts []GetOption[U]
	val  U
	all  [1]GetOption[T]
}

func newMapping[T, U any](f func(T) U) *mapping[T, U] {
	m := &mapping[T, U]{f: f}
	m.all[0].Predicate = func(val T) bool {
		m.val = m.f(val)
		return accepts(m.opts, m.val)
	}
	return m
}

// Get implements [Watcher].
func (w *mapWatcher[T, U]) Get(ctx context.Context, opts ...GetOption[U]) (val U, err error) {
	mustBeContext(ctx)
	m := w.spare.Swap(nil)
	if m == nil {
		m = newMapping(w.f)
	}
	m.opts = opts
	m.all[0].BacklogOnly = backlogOnly(opts)
	if _, err = w.source.Get(ctx, m.all[:]...); err == nil {
		val = m.val
	}
	var zero U
	m.opts, m.val = nil, zero // Neither is to be kept.
	w.spare.Store(m)
	return val, err
}

// Changed implements [Watcher].
func (w *mapWatcher[T, U]) Changed() <-chan struct{} { return w.source.Changed() }

// Close implements [Watcher].
func (w *mapWatcher[T, U]) Close() error { return w.source.Close() }

func (w *mapWatcher[T, U]) pending() bool { return pending(w.source) }

func (w *mapWatcher[T, U]) join(j *joint) { join(w.source, j) }
