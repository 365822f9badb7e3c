package event

import (
	"context"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
)

// Map returns v with each value replaced by the result of f. Every Set of v notifies,
// whatever f returns. Where only a part of the values is of interest, put [Distinct] on
// top.
//
// f runs on the goroutine of a Get, once for each watcher and value, even if a Filter then
// rejects the result. It also runs on the goroutine of each Load. No lock is held. f may call back into v,
// and may run concurrently for several watchers. If f panics, the panic reaches the
// caller of Get and the watcher has not moved. The result of f must not depend on the
// time of the call: otherwise watchers see different values.
//
// The view is a [Loader] if v is one, and keyed if v is. It has the versions of v: see
// [Version].
//
// Map panics if v or f is nil.
//
// Cost: the view starts no goroutine and refers only to v and f. A watcher costs a
// watcher of v and three objects, and keeps no value. A Get costs a Get of the watcher of
// v with a Filter.
func Map[T, U any](v ValueWatch[T], f func(T) U) ValueWatch[U] {
	if isNil(v) {
		panic("event: Map: nil value")
	}
	if f == nil {
		panic("event: Map: nil function")
	}
	var load loader[U]
	if l := loaderOf(v); l != nil {
		load = func() (mapped U, version uint64, ok bool) {
			val, version, ok := l()
			if ok {
				mapped = f(val)
			}
			return mapped, version, ok
		}
	}
	return newView(func() Watcher[U] { return newMapWatcher(v.Watch(), f) }, load, capability.Of(v))
}

// A mapWatcher is a watcher of a [Map]. Its position is the position of its source.
type mapWatcher[T, U any] struct {
	source Watcher[T]
	f      func(T) U
	// spare holds the mapping of the last Get for the next Get. A Get takes it by an
	// exchange for nil and stores it at its end. A Get that finds nil makes a new one.
	spare atomic.Pointer[mapping[T, U]]
}

func newMapWatcher[T, U any](source Watcher[T], f func(T) U) *mapWatcher[T, U] {
	w := &mapWatcher[T, U]{source: source, f: f}
	w.spare.Store(newMapping(f))
	return w
}

// A mapping is f and the options of one Get as one predicate for the source. As part
// of a predicate, a panic of f leaves the value unseen, and f is called only for
// values that the source may return.
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
		return get.Accepts(m.opts, m.val)
	}
	return m
}

// Get implements [Watcher].
func (w *mapWatcher[T, U]) Get(ctx context.Context, opts ...GetOption[U]) (U, error) {
	mustBeContext(ctx)
	return w.get(ctx, opts, get.BacklogOnly(opts))
}

// GetBacklog implements [backlogGetter].
func (w *mapWatcher[T, U]) GetBacklog(ctx context.Context, opts []GetOption[U]) (U, error) {
	return w.get(ctx, opts, true)
}

func (w *mapWatcher[T, U]) get(ctx context.Context, opts []GetOption[U], backlog bool) (val U, err error) {
	m := w.spare.Swap(nil)
	if m == nil {
		m = newMapping(w.f)
	}
	m.opts = opts
	m.all[0].BacklogOnly = backlog
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

// Capabilities reports the source's capabilities: the view changes when the source
// does, and has its versions.
func (w *mapWatcher[T, U]) Capabilities() capability.Set { return capability.Of(w.source) }
