package event

import "context"

// Distinct returns v without the values that are equal to the one before them: a watcher
// skips those that equal says to be what it returned last. (Not what v had before: a
// watcher that missed a change and its undoing has missed nothing.) Its first value is not
// compared. If a Filter has the watcher pass a value, that was not returned.
//
// The view starts no goroutine and keeps nothing but v and equal. equal(last, next) is called
// on the goroutine of Get, before the predicates of that Get's Filters, and what [Filter] says
// of predicates holds for it. A Changed channel is closed by what equal then leaves out:
// see [Watcher]. A watcher costs that of v and three objects, and keeps what it returned last,
// for comparison, until it is closed. The view has a Load exactly if v has one, which is that of v,
// and its watchers have a Behind if those of v have, which counts what is left out, too.
//
// Distinct panics if v or equal is nil, and if v is keyed (has a method Keyed): there, one
// entry is not compared with another.
func Distinct[T any](v ValueWatch[T], equal func(a, b T) bool) ValueWatch[T] {
	if v == nil {
		panic("event: Distinct: nil value")
	}
	if equal == nil {
		panic("event: Distinct: nil function")
	}
	if isKeyed(v) {
		panic("event: Distinct: keyed value")
	}
	return viewOf[T](distinctView[T]{v, equal}, loaderOf(v), false)
}

type distinctView[T any] struct {
	source ValueWatch[T]
	equal  func(a, b T) bool
}

func (v distinctView[T]) Watch() Watcher[T] {
	w := &distinctWatcher[T]{source: v.source.Watch(), equal: v.equal}
	w.opts = []GetOption[T]{{Predicate: w.differs}}
	return watcherOf[T](w, w.source)
}

// A distinctWatcher is a watcher of a [Distinct]. It stands where its source stands.
type distinctWatcher[T any] struct {
	source Watcher[T]
	equal  func(a, b T) bool

	turn turn // who has what follows
	last T
	has  bool           // There is a last.
	opts []GetOption[T] // the comparison, and behind it those of the Get in progress
}

func (w *distinctWatcher[T]) differs(val T) bool { return !w.has || !w.equal(w.last, val) }

// Get implements [Watcher].
func (w *distinctWatcher[T]) Get(ctx context.Context, opts ...GetOption[T]) (T, error) {
	mustBeContext(ctx)
	if err := w.turn.begin(ctx); err != nil {
		var zero T
		return zero, err
	}
	defer w.finish()
	w.opts = append(w.opts, opts...)
	val, err := w.source.Get(ctx, w.opts...)
	if err == nil {
		w.last, w.has = val, true
	}
	return val, err
}

// finish ends a Get, also one that panics.
func (w *distinctWatcher[T]) finish() {
	clear(w.opts[1:])
	w.opts = w.opts[:1]
	if w.turn.end() {
		w.release()
	}
}

// release forgets what is kept. The caller is the one who has it.
func (w *distinctWatcher[T]) release() {
	var zero T
	w.last = zero
}

// Changed implements [Watcher].
func (w *distinctWatcher[T]) Changed() <-chan struct{} { return w.source.Changed() }

// Close implements [Watcher].
func (w *distinctWatcher[T]) Close() error {
	_, release := w.turn.close()
	if release {
		w.release()
	}
	return w.source.Close()
}

func (w *distinctWatcher[T]) pending() bool { return pending(w.source) }

func (w *distinctWatcher[T]) join(j *joint) { join(w.source, j) }
