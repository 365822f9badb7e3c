package event

import (
	"context"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
)

// Distinct is [DistinctFunc] with ==. If T is an interface type, == panics for values of
// a type that is not comparable, and the panic reaches the caller of Get.
//
// Distinct panics if v is nil, and if v is keyed, as a remote.Range is.
func Distinct[T comparable](v ValueWatch[T]) ValueWatch[T] {
	if isNil(v) {
		panic("event: Distinct: nil value")
	}
	if isKeyed(v) {
		panic("event: Distinct: " + keyedValue)
	}
	return distinct(v, func(last, next T) bool { return last == next })
}

// DistinctFunc returns v without consecutive equal values: a watcher skips the values
// that are equal to the value that it returned last. Its first value is not compared. A value that a Filter rejects
// was not returned.
//
// equal(last, next) runs on the goroutine of Get, before the predicates of that Get's
// Filters. It must satisfy what [Filter] requires of predicates. A Changed channel closes
// for values that equal then leaves out: see [Watcher].
//
// The view is a [Loader] if v is one, and its Load is v.Load. It has the versions of v, and
// values that are left out count: see [Version].
//
// DistinctFunc panics if v or equal is nil, and if v is keyed, as a remote.Range is: its
// entries are of different keys and cannot be compared.
//
// Cost: the view starts no goroutine and refers only to v and equal. A watcher
// costs a watcher of v and four objects. Until it is closed it keeps the value that it
// returned last.
func DistinctFunc[T any](v ValueWatch[T], equal func(last, next T) bool) ValueWatch[T] {
	if isNil(v) {
		panic("event: DistinctFunc: nil value")
	}
	if equal == nil {
		panic("event: DistinctFunc: nil function")
	}
	if isKeyed(v) {
		panic("event: DistinctFunc: " + keyedValue)
	}
	return distinct(v, equal)
}

func distinct[T any](v ValueWatch[T], equal func(last, next T) bool) ValueWatch[T] {
	return newView(func() Watcher[T] { return newDistinctWatcher(v.Watch(), equal) }, loaderOf(v), capability.EndOf(v))
}

// A distinctWatcher is a watcher of a [DistinctFunc]. Its position is the position of its source.
type distinctWatcher[T any] struct {
	source Watcher[T]
	equal  func(a, b T) bool

	guard getGuard       // guards the fields below
	last  *T             // not a T, which would be printed with the watcher
	has   bool           // there is a last value
	opts  []GetOption[T] // the comparison, followed by the options of the Get in progress
}

func newDistinctWatcher[T any](source Watcher[T], equal func(a, b T) bool) *distinctWatcher[T] {
	w := &distinctWatcher[T]{source: source, equal: equal, last: new(T)}
	w.opts = []GetOption[T]{{Predicate: w.differs}}
	return w
}

func (w *distinctWatcher[T]) differs(val T) bool { return !w.has || !w.equal(*w.last, val) }

// Get implements [Watcher].
func (w *distinctWatcher[T]) Get(ctx context.Context, opts ...GetOption[T]) (T, error) {
	mustBeContext(ctx)
	return w.get(ctx, opts, get.BacklogOnly(opts))
}

// GetBacklog implements [backlogGetter].
func (w *distinctWatcher[T]) GetBacklog(ctx context.Context, opts []GetOption[T]) (T, error) {
	return w.get(ctx, opts, true)
}

func (w *distinctWatcher[T]) get(ctx context.Context, opts []GetOption[T], backlog bool) (T, error) {
	if err := w.guard.acquire(ctx); err != nil {
		var zero T
		return zero, err
	}
	defer w.endGet()
	w.opts = append(w.opts, opts...)
	w.opts[0].BacklogOnly = backlog
	val, err := w.source.Get(ctx, w.opts...)
	if err == nil {
		*w.last, w.has = val, true
	}
	return val, err
}

// endGet ends a Get, even one that panics.
func (w *distinctWatcher[T]) endGet() {
	clear(w.opts[1:])
	w.opts = w.opts[:1]
	if w.guard.release() {
		w.clear()
	}
}

// clear drops the last value. The caller owns it: see getGuard.
func (w *distinctWatcher[T]) clear() {
	var zero T
	*w.last = zero
}

// Changed implements [Watcher].
func (w *distinctWatcher[T]) Changed() <-chan struct{} { return w.source.Changed() }

// Close implements [Watcher].
func (w *distinctWatcher[T]) Close() error {
	if _, clear := w.guard.close(); clear {
		w.clear()
	}
	return w.source.Close()
}

// Capabilities reports the source's capabilities: the view changes when the source
// does, and has its versions.
func (w *distinctWatcher[T]) Capabilities() capability.Set { return capability.Of(w.source) }
