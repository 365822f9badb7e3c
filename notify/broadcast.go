package notify

import (
	"context"

	"github.com/eventvalue/event/internal/park"
)

// A Broadcast is a one-shot signal to any number of goroutines.
//
// The zero Broadcast is ready and has not fired. It must not be copied after
// first use. All methods may be called concurrently.
//
// In the terminology of the Go memory model, the first Fire synchronizes before
// the return of every Wait and the close of every channel that it causes, and
// before every Fired that reports true.
type Broadcast struct{ parked park.Broadcast }

// Fire wakes every waiter and makes every later Wait return at once. Calls after
// the first do nothing.
//
// Fire is lock-free and never waits for a waiter. It closes the channel before
// it returns if Done was called up to four times. It wakes the waiters before it
// returns if at most four wait, and the channel is closed or was never made.
// Otherwise a goroutine closes the channel if Fire has not, and wakes a few
// waiters, which wake the others. A wait that was given up may count as a waiter
// for a while.
//
// Cost: without waiters, one atomic exchange; at most two small objects for each
// goroutine that Fire starts, whatever the number of waiters.
func (b *Broadcast) Fire() { b.parked.Fire() }

// Fired reports whether b has fired. It is one atomic load.
func (b *Broadcast) Fired() bool { return b.parked.Fired() }

// Done returns a channel that is closed once b has fired, for use in a select. All
// calls return the same channel until b fires; the first call makes it.
//
// The close costs time in proportion to the goroutines that select on the
// channel. Fire therefore closes it before it returns only if Done was called up
// to four times, where consecutive calls of [Waiter.Done] by one Waiter count as
// one. Otherwise another goroutine closes it.
func (b *Broadcast) Done() <-chan struct{} { return b.parked.Done() }

// Wait blocks until b has fired, and returns nil, or until ctx has ended, and
// returns ctx.Err(). If both have happened, it returns ctx.Err(). A goroutine that
// waits more than once is better served by a [Waiter].
//
// Wait panics if ctx is nil.
func (b *Broadcast) Wait(ctx context.Context) error {
	if ctx == nil {
		panic("notify: Broadcast.Wait: nil context")
	}
	return b.parked.Wait(ctx)
}

// Relay makes the first Fire of b fire to. If b has fired already, Relay fires to
// before it returns. If b has at most four Relays, the Fire of b fires to before
// it returns, and otherwise soon after.
//
// Call [Relay.Stop] when the Relay is no longer needed: until then, or until b has
// fired, b refers to the Relay, and the Relay refers to its target and to b's other
// Relays.
//
// In the terminology of the Go memory model, the first Fire of b synchronizes
// before the Fire of to that it causes.
//
// Fire follows Relays recursively: Broadcasts must not form a circle, nor a long
// path. Relay panics if to is nil.
//
// Cost: one object. Relay and Stop take a mutex that b's Relays share, for some
// instructions; Fire does not take it.
func (b *Broadcast) Relay(to *Broadcast) *Relay {
	if to == nil {
		panic("notify: Broadcast.Relay: nil broadcast")
	}
	return (*Relay)(b.parked.Relay(&to.parked))
}

// A Relay makes the firing of one [Broadcast] fire another. [Broadcast.Relay]
// makes it; the zero Relay does nothing. Stop may be called concurrently.
type Relay park.Relay

// Stop undoes the Relay. If its Broadcast is just firing, the Relay may still fire
// the other one. Stop may be called more than once.
func (r *Relay) Stop() { (*park.Relay)(r).Stop() }
