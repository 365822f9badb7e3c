package event

import (
	"context"
	"time"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/get"
)

// A holdWatcher is the watcher of a [Rate] or a [Debounce]. Its Get takes what is new
// from the source, holds it back for a time, and returns it.
type holdWatcher[T any] struct {
	intake[T]

	every time.Duration // of a Rate: the interval, which begins when a value is returned

	// quiet is 0 for a Rate. For a Debounce it is the time for which a value is held
	// back after it was taken. A value that is taken while another is held back begins
	// the time again, at most until limit.
	quiet   time.Duration
	longest time.Duration
	limit   time.Duration // in terms of clock; guarded by guard

	// found is the version that Changed of a Debounce has found in the source, if no Get
	// has taken it yet, or nil. Changed replaces it, Get takes it.
	found atomic.Pointer[finding]
}

// A finding is the newest version of a source at a time, in terms of clock.
type finding struct {
	version uint64
	at      time.Duration
}

// newClock returns a clock that begins now.
//
//explore:skip reads the time
func newClock() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}

// Get implements [Watcher].
func (w *holdWatcher[T]) Get(ctx context.Context, opts ...GetOption[T]) (T, error) {
	mustBeContext(ctx)
	return w.get(ctx, opts, get.BacklogOnly(opts))
}

// GetBacklog implements [backlogGetter].
func (w *holdWatcher[T]) GetBacklog(ctx context.Context, opts []GetOption[T]) (T, error) {
	return w.get(ctx, opts, true)
}

func (w *holdWatcher[T]) get(ctx context.Context, opts []GetOption[T], backlog bool) (val T, err error) {
	if err := w.guard.acquire(ctx); err != nil {
		return val, err
	}
	defer w.endGet() // Deferred, because a predicate may panic: w.seen has not moved then.
	w.waiter.UnregisterElsewhere(ctx)
	w.failed = nil
	at := holdPosition{looked: w.seen, backlog: backlog}
	val, at, err = get.Next(ctx, (*busyHold[T])(w), at, opts)
	w.seen = at.looked
	if err == nil && w.every > 0 {
		w.due.Store(int64(w.clock() + w.every))
	}
	return val, err
}

// A holdPosition is the position of a Get in the values of the source.
type holdPosition struct {
	looked  uint64 // the number of the value that the Get has looked at
	backlog bool   // the Get must not wait
}

// A busyHold is a holdWatcher during a Get: the source of [get.Next].
type busyHold[T any] holdWatcher[T]

// Look takes what is new. A Get with BacklogOnly looks at one value only: see
// [busyWatcher.Look].
func (b *busyHold[T]) Look(ctx context.Context, at holdPosition) (val T, next holdPosition, found bool, end error) {
	w := (*holdWatcher[T])(b)
	if w.takeNewest(ctx, w.taken != at.looked); w.failed != nil {
		return val, at, false, nil
	}
	unseen := w.taken != at.looked
	switch {
	case unseen && !(at.backlog && at.looked != w.seen) && w.remaining() <= 0:
		at.looked = w.taken
		return *w.val, at, true, nil
	case w.end != nil && !unseen:
		return val, at, false, w.end
	case at.backlog:
		return val, at, false, BacklogDone
	}
	return val, at, false, nil
}

// takeNewest takes a value from the source if there is one, and then the end, if the
// source has ended. held reports whether a value that was taken before is held back.
func (w *holdWatcher[T]) takeNewest(ctx context.Context, held bool) {
	for range 2 {
		if !w.take(ctx) {
			break
		}
		w.taken++
		if w.quiet > 0 {
			w.holdBack(held)
		}
		held = true
		if !ready(w.source) {
			break
		}
	}
	if w.end != nil && w.quiet > 0 {
		w.due.Store(0) // Nothing newer can come.
	}
}

// holdBack begins the quiet time of the value that was taken. held reports whether
// another value was held back, which the value has replaced.
func (w *holdWatcher[T]) holdBack(held bool) {
	at := w.clock()
	// The version that was taken is the newest. If Changed has found that one, nothing
	// newer has come since.
	if f := w.found.Swap(nil); f != nil {
		if version, ok := Version(w.source); ok && version == f.version {
			at = f.at
		}
	}
	if !held {
		w.limit = at + w.longest
	}
	w.due.Store(int64(min(at+w.quiet, w.limit)))
}

// Changed implements [Watcher].
func (w *holdWatcher[T]) Changed() <-chan struct{} {
	if w.quiet > 0 && ready(w.source) {
		w.find()
	}
	return w.intake.Changed()
}

// find stores the time at which the newest version of the source was found first. A Get
// in progress may move the source's watcher between the two reads. The sum is then an
// older version, which no later Get takes.
func (w *holdWatcher[T]) find() {
	version, ok := Version(w.source)
	behind, known := Behind(w.source)
	if !ok || !known || behind == 0 {
		return
	}
	old := w.found.Load()
	if newest := version + behind; old == nil || old.version != newest {
		w.found.CompareAndSwap(old, &finding{newest, w.clock()})
	}
}

// Abort returns the error that a Get must return even if there is a value.
func (b *busyHold[T]) Abort(ctx context.Context) error { return b.abort(ctx) }

// Wait waits until there is something to take or, if a value is held back, until it
// may be returned.
func (b *busyHold[T]) Wait(ctx context.Context, at holdPosition) {
	b.wait(ctx, b.taken != at.looked)
}
