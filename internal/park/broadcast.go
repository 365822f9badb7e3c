package park

import (
	"context"

	"go.uber.org/atomic"
)

// A Broadcast is a one-shot signal to any number of goroutines.
//
// The zero Broadcast is ready and has not fired. It must not be copied after
// first use. All methods may be called concurrently.
//
// In the terminology of the Go memory model, the first Fire synchronizes before
// the return of every wait and the close of every channel that it causes, and
// before every Fired that reports true.
type Broadcast struct {
	// top is the top of the stack of nodes. Writers: Prepare, push, sharedState
	// and sweep by compare-and-swap, Fire by exchange. Legal transitions: nil or
	// a node to a node; anything to the seal. The seal is final, and no
	// transition leads back to nil.
	top atomic.Pointer[node]
}

// sealed is the top of every Broadcast that has fired.
var sealed node

// ClosedChan is a closed channel.
var ClosedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Fire wakes every waiter and makes every later wait return at once. Calls after
// the first do nothing.
//
// Fire is lock-free and never waits for a waiter. It closes the channel itself if
// Done was called up to [Inline] times. It wakes the waiters itself if there are at
// most Inline of them, and the channel is closed or was never made. Otherwise a
// goroutine wakes all waiters, and closes the channel if Fire has not. A second
// goroutine serves the Relays past the first Inline. Abandoned nodes may count as
// waiters until they are swept. Waiters in the hands of a sweep are woken by that
// sweep.
//
// Cost: without waiters, one atomic exchange; at most two small objects for each
// goroutine, whatever the number of waiters.
func (b *Broadcast) Fire() {
	// One exchange both seals and collects. The tempting alternative, to look for
	// waiters first and to seal only if there are some, loses a waiter that
	// pushes just after the look, unless each waiter looks again: see decisions.md.
	if top := b.top.Swap(&sealed); top != nil && top != &sealed {
		top.fire()
	}
}

// Fired reports whether b has fired. It is one atomic load.
func (b *Broadcast) Fired() bool { return b.top.Load() == &sealed }

// Done returns a channel that is closed once b has fired. All calls return the
// same channel until b fires; the first call makes it.
//
// The close costs time in proportion to the goroutines that select on the
// channel. Fire therefore closes it before it returns only if Done was called up
// to [Inline] times, where consecutive calls of [Waiter.Done] by one Waiter count
// as one. Otherwise another goroutine closes it.
func (b *Broadcast) Done() <-chan struct{} {
	s := b.sharedState(true)
	if s == nil {
		return ClosedChan
	}
	s.doneCalls.Inc()
	return s.channel(b)
}

// Wait waits for b with a Waiter of its own: see [Waiter.Wait].
func (b *Broadcast) Wait(ctx context.Context) error {
	var w Waiter
	defer w.Close()
	return w.Wait(ctx, b)
}
