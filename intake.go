package event

import (
	"context"
	"errors"
	"time"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// An intake is the part of a view's watcher that takes what is new from one source.
// It keeps a value that a Get has taken and not returned, and makes the Changed
// channels. The watchers of a [Rate], a [Debounce] and a [Memo] have one.
type intake[T any] struct {
	// due is the time before which the value that was taken is held back, in terms of
	// clock, or 0 if no value ever was. Get stores it, Changed loads it. It comes first
	// for its alignment on 32-bit machines.
	due atomic.Int64

	// unseen reports that a value was taken that has not been returned. Get stores
	// it, when it ends and before it waits. Changed loads it.
	unseen atomic.Bool

	// out is the signal whose channel Changed returned last. Changed replaces it,
	// Close removes it, each by one atomic operation, and each stops what it
	// removed. Get fires it.
	out atomic.Pointer[anySignal]

	source   Watcher[T]
	opts     [1]GetOption[T] // BacklogOnly
	clock    func() time.Duration
	eager    bool // what is new in the source counts even while a value is held back
	waiter   park.Waiter
	contexts *park.Contexts

	guard  getGuard // guards the fields below
	val    *T       // what was taken last; not a T, which would be printed with the watcher
	taken  uint64   // the number of what was taken last, which grows
	seen   uint64   // the number of the value that was returned or passed last
	end    error    // the end of the source, once it was taken
	failed error    // the error of the source that ends the Get in progress
}

// init prepares in, which has no source yet.
func (in *intake[T]) init(source Watcher[T], contexts *park.Contexts) {
	in.source, in.contexts, in.val = source, contexts, new(T)
	in.opts[0].BacklogOnly = true
}

// remaining returns the time for which the value that was taken is held back. It is not
// positive if the value may be returned now.
func (in *intake[T]) remaining() time.Duration {
	due := in.due.Load()
	if due == 0 {
		return 0
	}
	return time.Duration(due) - in.clock()
}

// take takes a value from the source and reports true, or false if there is none. It
// takes the end, if that comes next.
func (in *intake[T]) take(ctx context.Context) (fresh bool) {
	if in.end != nil {
		return false
	}
	val, err := in.source.Get(ctx, in.opts[:]...)
	switch {
	case err == nil:
		*in.val = val
		return true
	case err == BacklogDone:
	case errors.Is(err, ErrClosed) && in.guard.abortErr(ctx) == nil:
		in.end = err
	default:
		in.failed = err
	}
	return false
}

// abort returns the error that a Get must return even if there is a value.
func (in *intake[T]) abort(ctx context.Context) error {
	if err := in.guard.abortErr(ctx); err != nil {
		return err
	}
	return in.failed
}

// wait waits until there is something to take or, if a value is held back, until it
// may be returned.
func (in *intake[T]) wait(ctx context.Context, held bool) {
	in.publishUnseen()
	sig := new(anySignal)
	defer sig.stop()
	in.fill(sig, held)
	sig.start()
	in.waiter.Park(ctx, &sig.broadcast, in.contexts)
}

// fill makes sig fire when a Get has something to look at. held reports whether a
// value is unseen.
func (in *intake[T]) fill(sig *anySignal, held bool) {
	if held {
		d := in.remaining()
		if d <= 0 { // by chance: the time is over between two readings of the clock
			sig.broadcast.Fire()
			return
		}
		sig.after(d)
		if !in.eager {
			return
		}
	}
	subscribe(in.source, sig)
}

// publishUnseen stores for Changed what the Get in progress has taken. The source does
// not report again what was taken and not returned, so that a signal that was filled
// after that would wait for the wrong thing. Changed publishes its signal and then
// checks unseen; publishUnseen stores unseen and then looks for the signal, so that
// one of the two sees the other.
func (in *intake[T]) publishUnseen() {
	unseen := in.taken != in.seen
	changed := in.unseen.Swap(unseen) != unseen
	if sig := in.out.Load(); sig != nil && (changed || in.Ready()) {
		sig.broadcast.Fire()
	}
}

// endGet ends a Get, even one that panics.
func (in *intake[T]) endGet() {
	in.publishUnseen()
	if in.guard.release() {
		in.clear()
	}
}

// clear drops the value. The caller owns it: see getGuard.
func (in *intake[T]) clear() {
	var zero T
	*in.val = zero
}

// Ready reports whether the channel that Changed returns would be closed.
func (in *intake[T]) Ready() bool {
	if in.guard.isClosed() {
		return true
	}
	if in.unseen.Load() {
		if in.remaining() <= 0 {
			return true
		}
		if !in.eager {
			return false
		}
	}
	return ready(in.source)
}

// Subscribe makes target fire once the channel that Changed returns would be closed:
// see [capability.Signaler].
func (in *intake[T]) Subscribe(target park.Target) *park.Relay {
	sig := in.signal()
	if sig == nil {
		target.Fire()
		return nil
	}
	return sig.broadcast.Relay(target)
}

// Changed implements [Watcher].
func (in *intake[T]) Changed() <-chan struct{} {
	if sig := in.signal(); sig != nil {
		return in.waiter.Done(&sig.broadcast)
	}
	return park.ClosedChan
}

// signal returns the signal that fires when there is something to look at, or nil if
// there is something now.
func (in *intake[T]) signal() *anySignal {
	for {
		if in.Ready() {
			return nil
		}
		old := in.out.Load()
		if old != nil && !old.broadcast.Fired() {
			return old
		}
		held, next := in.unseen.Load(), new(anySignal)
		in.fill(next, held)
		next.start()
		if !in.out.CompareAndSwap(old, next) { // by chance: two calls make the signal at once
			next.stop()
			continue
		}
		if old != nil {
			old.stop()
		}
		// Publish the signal, then check: see publishUnseen.
		if in.unseen.Load() != held || in.Ready() {
			next.broadcast.Fire()
		}
		if in.guard.isClosed() && in.out.CompareAndSwap(next, nil) { // by chance: a Close in between
			next.stop()
		}
		return next
	}
}

// Capabilities reports to this module's packages what the watcher can do. Over an
// external source it is external itself: Subscribe calls no foreign code.
func (in *intake[T]) Capabilities() capability.Set {
	if capability.Of(in.source).Signaler == nil {
		return capability.Set{}
	}
	return capability.Set{Signaler: in}
}

// Close implements [Watcher].
func (in *intake[T]) Close() error {
	first, clear := in.guard.close()
	if !first {
		return nil
	}
	if clear {
		in.clear()
	}
	_ = in.source.Close()
	in.waiter.Close()
	if sig := in.out.Swap(nil); sig != nil {
		sig.stop()
	}
	return nil
}
