package event

import (
	"context"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
)

// Where returns v without the values that pred rejects. It is a [Filter] that is part
// of the value, so that a [Combine], a [Distinct] or a [Pipe] can stand on top of it.
//
// A watcher begins with the newest value if pred accepts that, and otherwise with the
// next value that pred accepts. An accepted value that is replaced before the watcher
// looks is gone, even if pred rejects the value that replaced it. If pred rejects the
// final value, the value counts as seen and the end comes next.
//
// pred must satisfy what [Filter] requires of predicates. It runs on the goroutine of
// Get, before the predicates of that Get's Filters. Its result must not depend on the
// time of the call: otherwise watchers see different values. A Changed channel closes
// for values that pred then rejects: see [Watcher].
//
// The view is keyed if v is. It is not a [Loader]: a Load could only return the newest
// value of v, which pred may reject.
//
// Where panics if v or pred is nil.
//
// Cost: the view starts no goroutine and refers only to v and pred. A watcher costs
// what one of v costs, and three objects. Its Get costs what a Get on v with a Filter
// costs. It keeps no value.
func Where[T any](v ValueWatch[T], pred func(T) bool) ValueWatch[T] {
	if isNil(v) {
		panic("event: Where: nil value")
	}
	if pred == nil {
		panic("event: Where: nil predicate")
	}
	return newView(func() Watcher[T] {
		w := &whereWatcher[T]{source: v.Watch(), pred: pred}
		w.spare.Store(newSieve(pred))
		return w
	}, nil, capability.Set{Keyed: isKeyed(v), Ender: capability.Of(v).Ender})
}

// A whereWatcher is a watcher of a [Where]. Its position is the position of its source.
type whereWatcher[T any] struct {
	source Watcher[T]
	pred   func(T) bool
	// spare is the sieve of the last Get: see mapWatcher.spare.
	spare atomic.Pointer[sieve[T]]
}

// A sieve is the predicate of a Where and the options of one Get as one predicate for
// the source.
type sieve[T any] struct {
	opts []GetOption[T]
	all  [1]GetOption[T]
}

func newSieve[T any](pred func(T) bool) *sieve[T] {
	s := new(sieve[T])
	s.all[0].Predicate = func(val T) bool { return pred(val) && get.Accepts(s.opts, val) }
	return s
}

// Get implements [Watcher].
func (w *whereWatcher[T]) Get(ctx context.Context, opts ...GetOption[T]) (T, error) {
	mustBeContext(ctx)
	return w.get(ctx, opts, get.BacklogOnly(opts))
}

// GetBacklog implements [backlogGetter].
func (w *whereWatcher[T]) GetBacklog(ctx context.Context, opts []GetOption[T]) (T, error) {
	return w.get(ctx, opts, true)
}

func (w *whereWatcher[T]) get(ctx context.Context, opts []GetOption[T], backlog bool) (T, error) {
	s := w.spare.Swap(nil)
	if s == nil {
		s = newSieve(w.pred)
	}
	s.opts = opts
	s.all[0].BacklogOnly = backlog
	val, err := w.source.Get(ctx, s.all[:]...)
	s.opts = nil // They are not to be kept.
	w.spare.Store(s)
	return val, err
}

// Changed implements [Watcher].
func (w *whereWatcher[T]) Changed() <-chan struct{} { return w.source.Changed() }

// Close implements [Watcher].
func (w *whereWatcher[T]) Close() error { return w.source.Close() }

// Capabilities reports the source's capabilities: the view changes when the source
// does, and has its versions.
func (w *whereWatcher[T]) Capabilities() capability.Set { return capability.Of(w.source) }
