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
	// place is where Wait waits or will wait next. Wait stores it: the first, and another when
	// it leaves one behind or finds it claimed. Close and the end of a context load it to
	// find whom to wake.
	place atomic.Pointer[place]

	// turn is that of the place in this wait, or nowhere if there is nothing to wait for.
	// Wait's alone.
	turn uint32

	// ended is the Done channel of the last context that w has met and that can end: by that
	// contexts are compared, for not all of them can be by ==. It is that of the
	// registration, if there is one. Wait's alone.
	ended <-chan struct{}

	// registration is stored by Wait, and taken away by Wait, Forget, Close and the context's end.
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
// it, and from then on a wait allocates nothing; but one that is given up or interrupted costs a
// new place, of up to 32 bytes, the first on a Broadcast two objects more, and an interrupt between
// two waits a channel. It panics if ctx or b is nil.
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
		// The context last: were it asked first, b could fire after its end, and nil be returned.
		fired, closed := b.Fired(), w.closed.Load()
		switch err := ctx.Err(); {
		case err != nil:
			return err
		case closed:
			return ErrWaiterClosed
		case fired:
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
	done := ctx.Done()
	w.meet(ctx, done, shared)
	w.Finish(b, Receive(w.Prepare(done, b)))
}

// meet leaves the context that w is registered with, if it is another than ctx, and registers with ctx, if
// that comes a second time in a row: to register costs more than a select on two channels.
func (w *Waiter) meet(ctx context.Context, done <-chan struct{}, shared *Contexts) {
	if w.knows(done) {
		return
	}
	w.unregister()
	if w.ended == done && !isClosed(done) {
		w.register(ctx, done, shared)
	}
}

// Prepare, [Receive] and [Waiter.Finish] are the last part of Park, for callers to whom the last
// nanoseconds matter (see Receive): what Prepare returns is to be passed to Receive, and
// what that returns to Finish, with the same b, which may not be nil. The context is known by
// its Done channel, and nothing is called that may panic. So where w has to leave one context or to register with
// another, Prepare does neither: it returns a channel that is closed, and w has to Park. That is when one
// comes for the second time in a row, and when another comes after that.
func (w *Waiter) Prepare(done <-chan struct{}, b *Broadcast) (wake, ended <-chan struct{}) {
	p, turn := w.vacancy()
	w.turn = turn
	// Now that p can be found and claimed one may look whether there is something to wait
	// for: who makes one of these conditions true does so before it tries to claim p, so that
	// one of the two sees the other.
	if !w.knows(done) {
		if w.ended == done || w.Registered() || isClosed(done) {
			return w.nothing()
		}
		w.ended, ended = done, done // For meet.
	}
	if w.closed.Load() {
		return w.nothing()
	}
	// Often nobody else waits. Then p has the crowd and the next that push would give it.
	// A round trip takes 0.98 of the time, with a fresh context each 0.985.
	if p.crowd.Load() == nil && b.top.CompareAndSwap(nil, p) || b.push(p) {
		return p.wake, ended
	}
	return w.nothing()
}

// knows reports whether w need not look whether the context with the given Done channel has ended: w is
// registered with it, which its end undoes before it wakes w, or it never ends and w is registered with
// none.
func (w *Waiter) knows(done <-chan struct{}) bool {
	if !w.Registered() {
		return done == nil
	}
	return w.ended == done // That of the registration, without a look at it.
}

// isClosed reports whether c is closed. Nothing is ever sent to it.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// nothing is what Prepare returns if there is nothing to wait for.
func (w *Waiter) nothing() (wake, ended <-chan struct{}) {
	w.turn = nowhere
	return closed, nil
}

// Receive is where a wait blocks. It reports whether the Waiter was woken: not if ended was closed
// first, which is nil for a Waiter that its context wakes.
//
// The compiler inlines it, which is its purpose. Processors predict where a function returns to by
// the calls that they have seen, and after a switch to another goroutine these are those of
// the wrong one: each function between the receive and whoever needs the value costs a
// misprediction. With one such function left of four a round trip between two goroutines is an eighth faster.
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

// Finish ends what Prepare began, and reports whether there was something to wait for. After it, w can
// be used again. It must be called, and soon: if many wait, others may be woken by it.
func (w *Waiter) Finish(b *Broadcast, woken bool) (waited bool) {
	p := w.place.Load()
	if !woken && !p.claim(w.turn) {
		<-p.wake // Whoever was faster to end the wait has sent it, or is about to.
	}
	// The turn changes when the place is taken off. (Nowhere: it was never pushed.)
	if p.turn() == w.turn {
		// It stays on the stack, for Fire or a sweep to find, and leads to all below it.
		w.place.Store(&place{wake: p.wake})
		b.abandon()
	} else if p.next != nil { // Since the turn has changed, next is w's to read.
		p.passOn()
	}
	return w.turn != nowhere
}

// vacancy returns the place on which to wait, and its turn. If somebody has claimed that
// since the last wait, a wake-up has been sent or is about to be. No wait may begin with one pending:
// that one stays in a channel that nobody receives from any more.
func (w *Waiter) vacancy() (p *place, turn uint32) {
	if p = w.place.Load(); p != nil {
		if turn = p.state.Load(); turn&claimed == 0 {
			return p, turn
		}
	}
	p = &place{wake: make(chan struct{}, 1)}
	w.place.Store(p)
	return p, 0
}

// register makes the end of ctx wake w, ctx being known by its Done channel.
func (w *Waiter) register(ctx context.Context, ended <-chan struct{}, shared *Contexts) {
	if shared == nil {
		shared = new(Contexts)
	}
	r, late := shared.register(ctx, ended, w)
	if late != nil {
		defer late.stop() // A call to who made the context: it may panic. By then w knows where it stands.
	}
	// Close, and the context's end, may have come too early to see it.
	if w.closed.Load() || r.group.over.Load() {
		w.unregister()
	}
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
	if !w.Registered() {
		return // An exchange costs more than a look.
	}
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
// however often in a row it is called for that. Closing w does not close the channel, and Done goes on
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
