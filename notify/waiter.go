package notify

import (
	"context"

	"github.com/eventvalue/event/internal/park"
)

// ErrWaiterClosed is returned by [Waiter.Wait] once the Waiter has been closed.
// Make a new Waiter to wait again.
var ErrWaiterClosed = park.ErrClosed

// A Waiter waits for one [Broadcast] after another. It keeps what a wait needs: a
// wake-up channel and, from the second wait in a row under one context, a
// registration with that context.
//
// The zero Waiter is ready. It must not be copied after first use. One Wait may be
// in progress at a time, on any goroutine; Done and Close may be called
// concurrently with it. Close a Waiter that has been used: until then its last
// context, while that lives, refers to it.
type Waiter struct{ parked park.Waiter }

// Wait blocks until b has fired, ctx has ended or w is closed. It returns the
// first of the following that applies:
//
//  1. ctx.Err(), if ctx has ended. If ctx.Err() is nil when the Done channel of ctx
//     ends the wait, Wait returns [context.Canceled].
//  2. [ErrWaiterClosed], after Close.
//  3. nil, if b has fired.
//
// The first Fire of b synchronizes before the Wait that returns nil. Wait panics if
// ctx or b is nil.
//
// Cost: Wait holds no goroutine except its caller's. A context of a type from
// outside package context may cost one more until it ends or w is closed. The
// first wait allocates a channel and a node, the second under one context a
// registration; later waits allocate nothing. A wait that is given up costs a new
// node of at most 32 bytes, and the first one on a Broadcast two more objects.
func (w *Waiter) Wait(ctx context.Context, b *Broadcast) error {
	if ctx == nil {
		panic("notify: Waiter.Wait: nil context")
	}
	if b == nil {
		panic("notify: Waiter.Wait: nil broadcast")
	}
	return w.parked.Wait(ctx, &b.parked)
}

// Done is b.Done, but consecutive calls for one Broadcast count as one. Close does
// not close the channel, and does not change what Done returns. Done panics if b
// is nil.
func (w *Waiter) Done(b *Broadcast) <-chan struct{} {
	if b == nil {
		panic("notify: Waiter.Done: nil broadcast")
	}
	return w.parked.Done(&b.parked)
}

// Close ends the Wait in progress, makes every later one return [ErrWaiterClosed],
// and unregisters w from its context. It may be called more than once, and
// concurrently with all other methods.
func (w *Waiter) Close() { w.parked.Close() }
