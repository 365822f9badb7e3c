package event

import (
	"context"
	"errors"
	"time"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
	"github.com/eventvalue/event/internal/park"
)

// Rate returns v slowed down: a watcher gets at most one value in each interval of the
// given length, which begins when a Get returns a value. It always gets the newest value
// in the end. The first value is returned at once.
//
// While an interval lasts, a newer value is held back:
//
//   - A Get waits until the interval is over, its context ends or the watcher is closed.
//     It then returns the value that is newest.
//   - A Get with BacklogOnly returns BacklogDone, even if v has ended. It does not call
//     the predicates of its Filters, and the value stays unseen.
//   - A channel that Changed returns closes when the interval is over.
//
// A value that a Filter rejects begins no interval. When v has ended, a watcher gets the
// final value once the interval is over, and then the end.
//
// A Changed channel may close early, as that of a [Combine] may. The view is a [Loader]
// if v is one; its Load is that of v and is not slowed down.
//
// Rate panics if v is nil or keyed, as a remote.Range is, or if the interval is not
// positive.
//
// Cost: the view refers to nothing but v while it has no watcher. It starts a goroutine
// only when an interval ends during a wait, for an instant, and over a source from
// elsewhere as a [Combine] does. A watcher keeps the value that it took last.
func Rate[T any](v ValueWatch[T], every time.Duration) ValueWatch[T] {
	if isNil(v) {
		panic("event: Rate: nil value")
	}
	if every <= 0 {
		panic("event: Rate: interval not positive")
	}
	if isKeyed(v) {
		panic("event: Rate: " + keyedValue)
	}
	contexts := new(park.Contexts)
	return newView(func() Watcher[T] {
		return &rateWatcher[T]{source: v.Watch(), val: new(T), every: every, clock: newClock(), contexts: contexts}
	}, loaderOf(v).withoutVersion(), capability.Set{})
}

// newClock returns a clock that begins now.
//
//explore:skip reads the time
func newClock() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}

// A rateWatcher is the watcher of a [Rate]. Its Get takes what is new from the source,
// and returns it once the interval is over.
type rateWatcher[T any] struct {
	// due is the time from which the next value may be returned, in terms of clock.
	// Get stores it, Changed loads it. It comes first for its alignment on 32-bit
	// machines.
	due atomic.Int64

	// unseen reports that a value was taken that has not been returned. Get stores
	// it, when it ends and before it waits. Changed loads it.
	unseen atomic.Bool

	// out is the signal whose channel Changed returned last. Changed replaces it,
	// Close removes it, each by one atomic operation, and each stops what it
	// removed. Get fires it.
	out atomic.Pointer[anySignal]

	source   Watcher[T]
	every    time.Duration
	clock    func() time.Duration
	waiter   park.Waiter
	contexts *park.Contexts

	guard  getGuard // guards the fields below
	val    *T       // what was taken last; not a T, which would be printed with the watcher
	taken  uint64   // the number of values taken
	seen   uint64   // the number of the value that was returned or passed last
	end    error    // the end of the source, once it was taken
	failed error    // the error of the source that ends the Get in progress
}

// remaining returns the time for which no value may be returned. It is not positive
// if a value may be returned now.
func (w *rateWatcher[T]) remaining() time.Duration {
	return time.Duration(w.due.Load()) - w.clock()
}

// Get implements [Watcher].
func (w *rateWatcher[T]) Get(ctx context.Context, opts ...GetOption[T]) (T, error) {
	mustBeContext(ctx)
	return w.get(ctx, opts, get.BacklogOnly(opts))
}

// GetBacklog implements [backlogGetter].
func (w *rateWatcher[T]) GetBacklog(ctx context.Context, opts []GetOption[T]) (T, error) {
	return w.get(ctx, opts, true)
}

func (w *rateWatcher[T]) get(ctx context.Context, opts []GetOption[T], backlog bool) (val T, err error) {
	if err := w.guard.acquire(ctx); err != nil {
		return val, err
	}
	defer w.endGet() // Deferred, because a predicate may panic: w.seen has not moved then.
	w.waiter.UnregisterElsewhere(ctx)
	w.failed = nil
	at := ratePosition{looked: w.seen, backlog: backlog}
	val, at, err = get.Next(ctx, (*busyRate[T])(w), at, opts)
	w.seen = at.looked
	if err == nil {
		w.due.Store(int64(w.clock() + w.every))
	}
	return val, err
}

// A ratePosition is the position of a Get in the values of the source.
type ratePosition struct {
	looked  uint64 // the number of the value that the Get has looked at
	backlog bool   // the Get must not wait
}

// A busyRate is a rateWatcher during a Get: the source of [get.Next].
type busyRate[T any] rateWatcher[T]

// Look takes what is new. A Get with BacklogOnly looks at one value only, for the
// reason that a MemoryValue's does.
func (b *busyRate[T]) Look(ctx context.Context, at ratePosition) (val T, next ratePosition, found bool, end error) {
	w := (*rateWatcher[T])(b)
	if w.take(ctx); w.failed != nil {
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

// take takes a value from the source if there is one, and then the end, if the
// source has ended.
func (w *rateWatcher[T]) take(ctx context.Context) {
	for range 2 {
		if w.end != nil {
			return
		}
		val, err := getBacklog(ctx, w.source, nil)
		switch {
		case err == nil:
			*w.val = val
			w.taken++
			continue
		case err == BacklogDone:
		case errors.Is(err, ErrClosed) && w.guard.abortErr(ctx) == nil:
			w.end = err
		default:
			w.failed = err
		}
		return
	}
}

// Abort returns the error that a Get must return even if there is a value.
func (b *busyRate[T]) Abort(ctx context.Context) error {
	if err := b.guard.abortErr(ctx); err != nil {
		return err
	}
	return b.failed
}

// Wait waits until there is something to take or, if a value is held back, until it
// may be returned.
func (b *busyRate[T]) Wait(ctx context.Context, at ratePosition) {
	w := (*rateWatcher[T])(b)
	w.publishUnseen()
	sig := new(anySignal)
	defer sig.stop()
	w.fill(sig, w.taken != at.looked)
	sig.start()
	w.waiter.Park(ctx, &sig.broadcast, w.contexts)
}

// fill makes sig fire when a Get has something to look at. held reports whether a
// value is unseen.
func (w *rateWatcher[T]) fill(sig *anySignal, held bool) {
	switch d := w.remaining(); {
	case held && d > 0:
		sig.after(d)
	case held: // by chance: the interval ends between two readings of the clock
		sig.broadcast.Fire()
	default:
		subscribe(w.source, sig)
	}
}

// publishUnseen stores for Changed what the Get in progress has taken. The source does
// not report again what was taken and not returned, so that a signal that was filled
// after that would wait for the wrong thing. Changed publishes its signal and then
// checks unseen; publishUnseen stores unseen and then looks for the signal, so that
// one of the two sees the other.
func (w *rateWatcher[T]) publishUnseen() {
	unseen := w.taken != w.seen
	changed := w.unseen.Swap(unseen) != unseen
	if sig := w.out.Load(); sig != nil && (changed || w.Ready()) {
		sig.broadcast.Fire()
	}
}

// endGet ends a Get, even one that panics.
func (w *rateWatcher[T]) endGet() {
	w.publishUnseen()
	if w.guard.release() {
		w.clear()
	}
}

// clear drops the value. The caller owns it: see getGuard.
func (w *rateWatcher[T]) clear() {
	var zero T
	*w.val = zero
}

// Ready reports whether the channel that Changed returns would be closed.
func (w *rateWatcher[T]) Ready() bool {
	switch {
	case w.guard.isClosed():
		return true
	case w.unseen.Load():
		return w.remaining() <= 0 // Otherwise the value is held back, and only that counts.
	}
	return ready(w.source)
}

// Subscribe makes target fire once the channel that Changed returns would be closed:
// see [capability.Signaler].
func (w *rateWatcher[T]) Subscribe(target park.Target) *park.Relay {
	sig := w.signal()
	if sig == nil {
		target.Fire()
		return nil
	}
	return sig.broadcast.Relay(target)
}

// Changed implements [Watcher].
func (w *rateWatcher[T]) Changed() <-chan struct{} {
	if sig := w.signal(); sig != nil {
		return w.waiter.Done(&sig.broadcast)
	}
	return park.ClosedChan
}

// signal returns the signal that fires when there is something to look at, or nil if
// there is something now.
func (w *rateWatcher[T]) signal() *anySignal {
	for {
		if w.Ready() {
			return nil
		}
		old := w.out.Load()
		if old != nil && !old.broadcast.Fired() {
			return old
		}
		held, next := w.unseen.Load(), new(anySignal)
		w.fill(next, held)
		next.start()
		if !w.out.CompareAndSwap(old, next) { // by chance: two calls make the signal at once
			next.stop()
			continue
		}
		if old != nil {
			old.stop()
		}
		// Publish the signal, then check: see publishUnseen.
		if w.unseen.Load() != held || w.Ready() {
			next.broadcast.Fire()
		}
		if w.guard.isClosed() && w.out.CompareAndSwap(next, nil) { // by chance: a Close in between
			next.stop()
		}
		return next
	}
}

// Capabilities reports to this module's packages what the watcher can do. Over an
// external source it is external itself: Subscribe calls no foreign code.
func (w *rateWatcher[T]) Capabilities() capability.Set {
	if capability.Of(w.source).Signaler == nil {
		return capability.Set{}
	}
	return capability.Set{Signaler: w}
}

// Close implements [Watcher].
func (w *rateWatcher[T]) Close() error {
	first, clear := w.guard.close()
	if !first {
		return nil
	}
	if clear {
		w.clear()
	}
	_ = w.source.Close()
	w.waiter.Close()
	if sig := w.out.Swap(nil); sig != nil {
		sig.stop()
	}
	return nil
}
