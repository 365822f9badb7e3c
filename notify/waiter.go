package notify

import (
	"context"
	"errors"

	"go.uber.org/atomic"
)

// ErrWaiterClosed is returned by Wait once the Waiter has been closed. Make a new
// Waiter to wait again.
var ErrWaiterClosed = errors.New("notify: waiter closed")

// A Waiter waits for one [Broadcast] after another, and keeps what it needs to do
// so: a wake-up channel and, from the second wait in a row under one context, a
// registration with that context, after which a wait is a receive from one
// channel instead of a select on two.
//
// The zero Waiter is ready. It must not be copied after first use. One Wait may
// run at a time, from any goroutine; Done and Close may be called meanwhile.
// A Waiter that has been used should be closed: until then its last context,
// while it lives, keeps it.
type Waiter struct {
	// wake carries the wake-up from whoever claimed the place to Wait. It is made
	// by the first wait that blocks. Wait alone reads and writes the field.
	wake chan struct{}

	// place is where Wait waits or last waited. Wait stores it; Close and the end
	// of a context load it to find whom to wake.
	place atomic.Pointer[place]

	// ended is the Done channel of the context of the last wait: by that contexts
	// are compared, for not all of them can be by ==. It is that of the registration, if
	// there is one. Wait's alone.
	ended <-chan struct{}

	// registration is stored by Wait, and taken away by Wait and Close.
	registration atomic.Pointer[registration]

	// taken is the crowd of the Broadcast whose channel Done last returned.
	taken atomic.Pointer[crowd]

	// closed goes from false to true, once, by Close.
	closed atomic.Bool
}

// Wait blocks until b has fired, and returns nil; until ctx has ended, and returns
// ctx.Err(); or until w is closed, and returns [ErrWaiterClosed]. Of several, the
// context's end wins, then the Close.
//
// What [Broadcast] says of the memory model of Wait holds here too.
//
// Wait holds no goroutine but its caller's; a context of a type from outside
// package context may cost one until that context ends or w is closed. The first
// wait allocates a channel and a place, the second under one context registers with
// it, and from then on a wait allocates nothing; but one after a wait that was given
// up needs a new place, of 32 bytes. It panics if ctx or b is nil.
func (w *Waiter) Wait(ctx context.Context, b *Broadcast) error {
	if ctx == nil {
		panic("notify: Waiter.Wait: nil context")
	}
	if b == nil {
		panic("notify: Waiter.Wait: nil broadcast")
	}
	return w.wait(ctx, b)
}

func (w *Waiter) wait(ctx context.Context, b *Broadcast) error {
	for {
		switch err := ctx.Err(); {
		case err != nil:
			return err
		case w.closed.Load():
			return ErrWaiterClosed
		case b.Fired():
			return nil
		}
		w.Park(ctx, b, nil)
	}
}

// Park is [Waiter.Wait] for callers that look themselves at what may have happened: it
// returns once b has fired, ctx has ended or w is closed, at once if that is so
// already, and sometimes without a reason. However it returns, w can be used again.
//
// Waiters that are given the same Contexts share their registrations; shared may be nil,
// and then w registers by itself. Park panics if ctx or b is nil.
func (w *Waiter) Park(ctx context.Context, b *Broadcast, shared *Contexts) {
	if ctx == nil {
		panic("notify: Waiter.Park: nil context")
	}
	if b == nil {
		panic("notify: Waiter.Park: nil broadcast")
	}
	w.Finish(b, Receive(w.Prepare(ctx, b, shared)))
}

// Prepare, [Receive] and [Waiter.Finish] are the parts of Park, for callers to whom the last
// nanoseconds matter (see Receive): what Prepare returns is to be passed to Receive, and
// what that returns to Finish, with the same b. Neither ctx nor b may be nil.
func (w *Waiter) Prepare(ctx context.Context, b *Broadcast, shared *Contexts) (wake, ended <-chan struct{}) {
	ended = ctx.Done()
	if w.register(ctx, ended, shared) {
		ended = nil
	}
	p := w.vacancy()
	p.set(parked)
	// From here on p can be claimed. Only now may it be asked whether there is
	// something to wait for: who makes one of these conditions true does so before
	// it tries to claim p, so that one of the two sees the other. The context comes first, for
	// it may panic, and then p is on no stack yet.
	if ctx.Err() != nil || w.closed.Load() || !b.push(p) {
		w.leave(p, free)
		return closed, nil // There is nothing to wait for.
	}
	return w.wake, ended
}

// Receive is where a wait blocks. It reports whether w was woken: not if ended was closed first,
// which is nil for a Waiter that its context wakes.
//
// The compiler inlines it, which is its purpose. Processors predict where a function returns to by
// the calls that they have seen, and after a switch to another goroutine these are those of
// the wrong one: each function between the receive and whoever needs the value costs a
// misprediction. To have none but one makes a round trip between two goroutines an eighth faster.
func Receive(wake, ended <-chan struct{}) (woken bool) {
	if ended == nil {
		<-wake
		return true
	}
	select {
	case <-wake:
		return true
	case <-ended:
		return false
	}
}

// Finish ends what Prepare began. After it, w can be used again.
func (w *Waiter) Finish(b *Broadcast, woken bool) {
	p := w.place.Load()
	if !woken {
		w.leave(p, claimed)
	}
	if p.state() != free {
		// It stays on the stack, and leads to all below it. It is still parked if what
		// woke w was left over from a wait that a panic of its context cut short.
		p.end(claimed)
		w.place.Store(nil)
		b.abandon()
	}
}

// vacancy returns a free place. That of the last wait is one if the Broadcast has fired
// and its waking has come past; else that stays where it is, for Fire or a sweep to find.
func (w *Waiter) vacancy() *place {
	p := w.place.Load()
	if p != nil && p.state() == free {
		return p
	}
	if w.wake == nil {
		w.wake = make(chan struct{}, 1)
	}
	p = &place{wake: w.wake}
	w.place.Store(p)
	return p
}

// leave ends the wait on p, which is then claimed or, being on no stack, free. Whoever was faster
// to end it has sent a wake-up or is about to: no wait ends with one pending.
func (w *Waiter) leave(p *place, to uint32) {
	if !p.end(to) {
		<-w.wake
		if to == free {
			p.set(free)
		}
	}
}

// register reports whether w is woken when ctx ends, ctx being known by its Done
// channel. To register costs more than a select on two channels, so that
// it is done for a context that comes a second time.
func (w *Waiter) register(ctx context.Context, ended <-chan struct{}, shared *Contexts) bool {
	if w.Registered() {
		if w.ended == ended { // That of its registration, without a look at it.
			return true
		}
		w.unregister()
	}
	if ended == nil {
		return true // It never ends.
	}
	if w.ended != ended {
		w.ended = ended
		return false
	}
	if shared == nil {
		shared = new(Contexts)
	}
	w.registration.Store(shared.register(ctx, ended, w))
	if w.closed.Load() {
		w.unregister() // Close may have come too early to see it.
	}
	return true
}

// Registered reports whether w is registered with a context.
func (w *Waiter) Registered() bool { return w.registration.Load() != nil }

// Elsewhere reports whether w is registered with another context than ctx.
func (w *Waiter) Elsewhere(ctx context.Context) bool {
	r := w.registration.Load()
	return r != nil && r.group.ended != ctx.Done()
}

// Forget makes w forget the context that it is registered with, and that context w, unless
// it is ctx. A wait under ctx does so, too: Forget is for when there is nothing to wait for.
// It must not be called during a Wait.
func (w *Waiter) Forget(ctx context.Context) {
	if w.Elsewhere(ctx) {
		w.unregister()
	}
}

// unregister makes w forget its context, and the context w.
func (w *Waiter) unregister() {
	if r := w.registration.Swap(nil); r != nil {
		r.leave()
	}
}

// interrupt wakes w if it waits.
func (w *Waiter) interrupt() {
	if p := w.place.Load(); p != nil {
		p.interrupt()
	}
}

// Done returns what b.Done returns, but counts as one taker of b's channel
// however often it is called. Closing w does not close the channel, and Done goes on
// returning it. It panics if b is nil.
func (w *Waiter) Done(b *Broadcast) <-chan struct{} {
	if b == nil {
		panic("notify: Waiter.Done: nil broadcast")
	}
	c := b.gather()
	if c == nil {
		return closed
	}
	if w.taken.Swap(c) != c {
		c.takers.Inc()
	}
	return c.channel(b)
}

// Close makes the Wait in progress and every later one return [ErrWaiterClosed],
// and releases the context. It may be called more than once, and concurrently with
// everything else.
func (w *Waiter) Close() {
	w.closed.Store(true)
	w.interrupt()
	w.unregister()
}
