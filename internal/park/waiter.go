package park

import (
	"context"
	"errors"

	"go.uber.org/atomic"
)

// ErrClosed is returned by [Waiter.Wait] once the Waiter has been closed. It is
// exported by package notify, by whose name it goes.
var ErrClosed = errors.New("notify: waiter closed")

// A Waiter waits for one [Broadcast] after another. It keeps a wake-up channel
// and, from the second wait in a row under one context, a registration with that
// context. A wait under a registered context is a receive from one channel
// instead of a select on two.
//
// The zero Waiter is ready. It must not be copied after first use. One wait may
// be in progress at a time, on any goroutine; Done and Close may be called
// concurrently with it. Close a Waiter that has been used: until then its last
// context, while that lives, refers to it.
type Waiter struct {
	// node is the node of the wait in progress, or of the next. The waiter stores
	// it: the first, and another one when it abandons a node or finds it retired.
	// Close and the end of a context load it, to interrupt the wait.
	node atomic.Pointer[node]

	// phase is the phase in which the wait in progress began, or noPhase if it has
	// nothing to wait for. Only the wait uses it.
	phase uint32

	// done is the Done channel of the last context that was used and can end. If
	// there is a registration, it is with a context of that channel. Contexts are
	// compared by their channels because not all of them can be compared by ==.
	// After a wait that gave up it is unbound. Only the wait uses it.
	done <-chan struct{}

	// registration is stored by a wait. A wait, Close, UnregisterElsewhere and the
	// end of the context remove it.
	registration atomic.Pointer[registration]

	// doneOf is the shared state of the Broadcast whose channel Done returned
	// last.
	doneOf atomic.Pointer[shared]

	// closed goes from false to true, once, by Close.
	closed atomic.Bool
}

// unbound is the done of a Waiter that must not register at its next wait. That
// wait selects on the Done channel of its context, whatever the context is. A
// context may end the waits that are registered with it and leave its channel
// open. A wait that registered again would be ended again at once, and so on.
var unbound = make(chan struct{})

// Wait blocks until b has fired. It returns the first of the following that
// applies:
//
//  1. ctx.Err(), if ctx has ended; context.Canceled, if the wait began and ctx is
//     half ended (see [ContextErr]).
//  2. ErrClosed, after Close.
//  3. nil, if b has fired.
func (w *Waiter) Wait(ctx context.Context, b *Broadcast) error {
	for contextErr := context.Context.Err; ; contextErr = ContextErr {
		// The context is checked last: if it were checked first, b could fire after
		// the end of ctx, and Wait would return nil.
		fired, closed := b.Fired(), w.closed.Load()
		switch err := contextErr(ctx); {
		case err != nil:
			return err
		case closed:
			return ErrClosed
		case fired:
			return nil
		}
		w.Park(ctx, b, nil)
	}
}

// Park blocks until b has fired, ctx has ended or w is closed. It returns at once
// if one of these has happened already, and it may return without a reason: the
// caller checks its condition and calls Park again. w can be used again, however
// Park returns.
//
// Waiters that are given the same Contexts share their registrations. If contexts
// is nil, w registers by itself.
//
// Cost: the first wait allocates a channel and a node, the second in a row under
// one context a registration; later waits allocate nothing. A wait that gives up or is
// interrupted costs a new node, the first such wait on a Broadcast also its
// shared state, and an interrupt between two waits a channel. A context of a type
// from outside package context may cost a goroutine while w is registered with it.
func (w *Waiter) Park(ctx context.Context, b *Broadcast, contexts *Contexts) {
	done := ctx.Done()
	w.bindContext(ctx, done, contexts)
	w.Finish(b, Receive(w.Prepare(done, b)))
}

// bindContext unregisters w from any context other than ctx. If ctx is used for
// the second time in a row, bindContext registers w with it: a registration costs
// more than one select on two channels.
func (w *Waiter) bindContext(ctx context.Context, done <-chan struct{}, contexts *Contexts) {
	if w.canSkipDone(done) {
		return
	}
	w.unregister()
	if w.done == done && !isClosed(done) {
		w.register(ctx, done, contexts)
	}
}

// Prepare, [Receive] and [Waiter.Finish] are the last part of Park. Callers to
// which the last nanoseconds matter call them in sequence: Receive takes what
// Prepare returns, and Finish what Receive returns, with the same b.
//
// Prepare identifies the context by its Done channel and calls no foreign code.
// If w must leave another context, or must register because done is used for the
// second time in a row, Prepare does neither: it returns a closed channel, and the
// caller has to Park.
func (w *Waiter) Prepare(done <-chan struct{}, b *Broadcast) (wake, ended <-chan struct{}) {
	n, phase := w.acquireNode()
	w.phase = phase
	// Publish the waiter, then check the conditions. The end of a context and Close
	// make their condition true and then look for the node, so that one of the two
	// sides sees the other.
	if !w.canSkipDone(done) {
		if w.done == done || w.Registered() || isClosed(done) {
			return w.alreadyDone()
		}
		w.done, ended = done, done // bindContext compares done at the next wait.
	}
	if w.closed.Load() {
		return w.alreadyDone()
	}
	// The short cut is for the only waiter of a Broadcast: if n has no shared
	// state, push would change nothing in it.
	if n.shared.Load() == nil && b.top.CompareAndSwap(nil, n) || b.push(n) {
		return n.wake, ended
	}
	return w.alreadyDone()
}

// canSkipDone reports whether w can wait without checking done. That is so if w
// is registered with a context of that channel, because the end of the context
// removes the registration before it wakes w; or if done is nil and w is not
// registered.
func (w *Waiter) canSkipDone(done <-chan struct{}) bool {
	if !w.Registered() {
		return done == nil
	}
	return w.done == done
}

// isClosed reports whether c is closed. No value is ever sent on it.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// alreadyDone is the result of Prepare if there is nothing to wait for.
func (w *Waiter) alreadyDone() (wake, ended <-chan struct{}) {
	w.phase = noPhase
	return ClosedChan, nil
}

// Receive is the point at which a wait blocks. It reports whether the Waiter was
// woken: it was not if ended was closed first. ended is nil for a Waiter that its
// context wakes.
//
// The compiler inlines Receive, and that is its purpose. After a switch to another
// goroutine a processor mispredicts each return, because it predicts returns by
// the calls that it has seen. Each function between the receive and the caller
// that needs the value costs one misprediction.
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

// Finish ends what Prepare began, and reports whether there was something to wait
// for. After Finish, w can be used again. It must be called without delay: other
// waiters may be woken by it.
func (w *Waiter) Finish(b *Broadcast, woken bool) (waited bool) {
	n := w.node.Load()
	if !woken && !n.retire(w.phase) {
		<-n.wake // A competitor ended the wait; its wake-up is sent or about to be.
	}
	// The phase has changed if n was popped. noPhase differs from every phase of a
	// node.
	if n.phase() == w.phase {
		w.done = unbound
		// n stays on the stack, where Fire or a sweep finds it, and leads to the
		// nodes below it.
		w.node.Store(&node{wake: n.wake})
		b.noteAbandoned()
	} else if n.next != nil { // w may read next, because the phase has changed.
		n.wakeSuccessor()
	}
	return w.phase != noPhase
}

// acquireNode returns the node for the next wait, and its phase. If the last node
// was retired since the last wait, its channel has a wake-up or is about to get
// one; acquireNode then makes a node with a channel of its own.
//
// Invariant: no wait begins with a wake-up pending in its channel.
func (w *Waiter) acquireNode() (n *node, phase uint32) {
	if n = w.node.Load(); n != nil {
		if phase = n.state.Load(); phase&retired == 0 {
			return n, phase
		}
	}
	n = &node{wake: make(chan struct{}, 1)}
	w.node.Store(n)
	return n, 0
}

// register makes the end of ctx wake w. done is the Done channel of ctx.
func (w *Waiter) register(ctx context.Context, done <-chan struct{}, contexts *Contexts) {
	if contexts == nil {
		contexts = new(Contexts)
	}
	r, late := contexts.register(ctx, done, w)
	if late != nil {
		defer late.stop() // This calls foreign code, which may panic. w is consistent by then.
	}
	// Close, or the end of the context, may have come before the registration was
	// published.
	if w.closed.Load() || r.group.closed.Load() {
		w.unregister()
		w.done = unbound
	}
}

// Registered reports whether w is registered with a context.
func (w *Waiter) Registered() bool { return w.registration.Load() != nil }

// RegisteredElsewhere reports whether w is registered with a context other than
// ctx.
func (w *Waiter) RegisteredElsewhere(ctx context.Context) bool {
	r := w.registration.Load()
	return r != nil && r.group.done != ctx.Done()
}

// UnregisterElsewhere unregisters w from any context other than ctx, as a wait
// under ctx does. It must not be called during a wait.
func (w *Waiter) UnregisterElsewhere(ctx context.Context) {
	if w.RegisteredElsewhere(ctx) {
		w.unregister()
	}
}

// unregister removes the registration of w.
func (w *Waiter) unregister() {
	if !w.Registered() {
		return // An exchange costs more than a load.
	}
	if r := w.registration.Swap(nil); r != nil {
		r.leave()
	}
}

// interrupt ends the wait in progress.
func (w *Waiter) interrupt() {
	if n := w.node.Load(); n != nil {
		n.interrupt()
	}
}

// Done is b.Done, but consecutive calls for one Broadcast count as one. Close does
// not close the channel, and does not change what Done returns.
func (w *Waiter) Done(b *Broadcast) <-chan struct{} {
	s := b.sharedState(true)
	if s == nil {
		return ClosedChan
	}
	if w.doneOf.Swap(s) != s {
		s.doneCalls.Inc()
	}
	return s.channel(b)
}

// Close ends the wait in progress, makes every later Wait return [ErrClosed], and
// unregisters w. It may be called more than once, and concurrently with all other
// methods.
func (w *Waiter) Close() {
	w.closed.Store(true)
	w.interrupt()
	w.unregister()
}
