package replay

import (
	"context"
	"errors"
	"fmt"
	"testing/synctest"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/verify/model"
)

// The operations of a program for [Notify], each with its arguments. An
// argument that selects an object is taken modulo the number of such objects.
const (
	Fire             = iota // broadcast
	Done                    // broadcast
	Wait                    // broadcast, context
	WaiterDone              // waiter, broadcast
	WaiterWait              // waiter, context, broadcast
	WaiterPark              // waiter, context, broadcast
	WaiterClose             // waiter
	NewWaiter               // waiter
	NewBroadcast            // broadcast
	NotifyCancel            // context
	NotifyNewContext        // context, kind, parent
	CancelThenFire          // broadcast, context; without a pause
	CloseThenFire           // waiter, broadcast; without a pause
	NotifyAdvance           // the clock
	NotifyCrowd             // broadcast, number of waits that start and are canceled
)

var notifyOps = []string{
	"fire", "done", "wait", "waiter's done", "waiter's wait", "park", "close waiter",
	"new waiter", "new broadcast", "cancel", "new context", "cancel, then fire",
	"close, then fire", "advance", "crowd",
}

// The numbers of objects in a program for [Notify].
const (
	notifyBroadcasts = 3
	notifyWaiters    = 4
	notifyContexts   = 3
)

type notifications struct {
	broadcasts [notifyBroadcasts]*twoBroadcasts
	waiters    [notifyWaiters]*twoWaiters
	contexts   [notifyContexts]*contexts
	waits      []*wait     // The waits in progress.
	every      []*contexts // All contexts, including the replaced ones.
}

type twoBroadcasts struct {
	real  park.Broadcast
	model model.Broadcast
	chans channels // The last result of Done.
}

type twoWaiters struct {
	real  park.Waiter
	model model.Waiter
	chans channels       // The last result of Done.
	b     *twoBroadcasts // The broadcast of chans.
	wait  *wait          // The Wait in progress.
}

// A wait is a wait in progress on both sides.
type wait struct {
	w    *twoWaiters // nil for Broadcast.Wait.
	b    *twoBroadcasts
	ctx  context.Context
	park bool
	got  chan error
}

// Notify runs program on broadcasts and waiters of package park. It returns an
// error if they differ from the model. It must be called in a synctest bubble.
func Notify(program []byte) error {
	var ns notifications
	for i := range ns.broadcasts {
		ns.broadcasts[i] = new(twoBroadcasts)
	}
	for i := range ns.waiters {
		ns.waiters[i] = new(twoWaiters)
	}
	for i := range ns.contexts {
		ns.contexts[i] = ns.newContext(Cancellable, nil)
	}
	err := steps(program, notifyOps, func(s step) error {
		if err := ns.do(s); err != nil {
			return err
		}
		return ns.compare()
	})
	if closeErr := ns.closeAll(); err == nil {
		err = closeErr
	}
	return err
}

func (ns *notifications) newContext(kind int, parent *contexts) *contexts {
	c := newContext(kind, parent)
	ns.every = append(ns.every, c)
	return c
}

// closeAll ends all waits in progress. It first cancels the contexts, then
// closes the waiters, and finally fires the broadcasts of the remaining waits.
func (ns *notifications) closeAll() error {
	for _, c := range ns.every {
		c.cancel()
	}
	err := ns.compareWaits()
	for _, w := range ns.waiters {
		w.close()
	}
	err = errors.Join(err, ns.compareWaits())
	for _, p := range ns.waits {
		p.b.fire()
	}
	return errors.Join(err, ns.compareWaits())
}

// do runs one step.
func (ns *notifications) do(s step) error {
	b := ns.broadcasts[s.a%notifyBroadcasts]
	w := ns.waiters[s.a%notifyWaiters]
	switch s.op {
	case Fire:
		b.fire()
	case Done:
		return b.chans.replace(b.real.Done(), b.model.Done())
	case Wait:
		ns.start(nil, b, ns.context(s.b).real, false)
	case WaiterDone:
		return w.checkDone(ns.broadcasts[s.b%notifyBroadcasts])
	case WaiterWait, WaiterPark:
		if w.wait == nil { // One at a time.
			b := ns.broadcasts[s.c%notifyBroadcasts]
			ns.start(w, b, ns.context(s.b).real, s.op == WaiterPark)
		}
	case WaiterClose:
		w.close()
	case NewWaiter:
		w.close()
		ns.waiters[s.a%notifyWaiters] = new(twoWaiters)
	case NewBroadcast:
		ns.broadcasts[s.a%notifyBroadcasts] = new(twoBroadcasts)
	case NotifyCancel:
		ns.context(s.a).cancel()
	case NotifyNewContext:
		ns.contexts[s.a%notifyContexts] = ns.newContext(s.b, ns.context(s.c))
	case CancelThenFire:
		ns.context(s.b).cancel()
		b.fire()
	case CloseThenFire:
		w.close()
		ns.broadcasts[s.b%notifyBroadcasts].fire()
	case NotifyAdvance:
		advance()
	case NotifyCrowd:
		return ns.crowd(b, s.b)
	}
	return nil
}

func (ns *notifications) context(i int) *contexts { return ns.contexts[i%notifyContexts] }

func (b *twoBroadcasts) fire() {
	b.real.Fire()
	b.model.Fire()
}

func (w *twoWaiters) close() {
	w.real.Close()
	w.model.Close()
}

// checkDone calls Done for b. If the last call was for b too, and the channel
// is open, the channel must be the same.
func (w *twoWaiters) checkDone(b *twoBroadcasts) error {
	if w.b != b {
		w.b, w.chans = b, channels{}
	}
	real, fired := w.real.Done(&b.real), b.real.Fired()
	if !fired && b.chans.real != nil && b.chans.real != real {
		return errors.New("not the channel of the broadcast")
	}
	return w.chans.replace(real, b.model.Done())
}

// start starts a wait. For Broadcast.Wait, w is nil.
func (ns *notifications) start(w *twoWaiters, b *twoBroadcasts, ctx context.Context, park bool) {
	p := &wait{w: w, b: b, ctx: ctx, park: park, got: make(chan error, 1)}
	ns.waits = append(ns.waits, p)
	if w != nil {
		w.wait = p
	}
	go func() {
		switch {
		case w == nil:
			p.got <- b.real.Wait(ctx)
		case park:
			w.real.Park(ctx, &b.real, nil)
			p.got <- nil
		default:
			p.got <- w.real.Wait(ctx, &b.real)
		}
	}()
}

// crowd starts many waits on b, depending on n, and cancels them. They can be
// enough for a sweep.
func (ns *notifications) crowd(b *twoBroadcasts, n int) error {
	c := newContext(Cancellable, nil)
	defer c.cancel()
	for range 1 + n%crowdMax {
		ns.start(nil, b, c.real, false)
	}
	if err := ns.compareWaits(); err != nil {
		return err
	}
	c.cancel()
	return ns.compareWaits()
}

// compare lets the waits in progress continue, and compares all visible state
// with the model.
func (ns *notifications) compare() error {
	if err := ns.compareWaits(); err != nil {
		return err
	}
	for i, b := range ns.broadcasts {
		if got, want := b.real.Fired(), b.model.Fired(); got != want {
			return fmt.Errorf("broadcast %d: fired %v, model %v", i, got, want)
		}
		if b.chans.real != nil {
			if err := b.chans.check(); err != nil {
				return fmt.Errorf("broadcast %d: %w", i, err)
			}
		}
	}
	for i, w := range ns.waiters {
		if w.chans.real != nil {
			if err := w.chans.check(); err != nil {
				return fmt.Errorf("waiter %d: %w", i, err)
			}
		}
	}
	return nil
}

// compareWaits waits until each wait has returned or is blocked, and compares
// each wait with the model.
func (ns *notifications) compareWaits() error {
	synctest.Wait()
	waiting := ns.waits[:0]
	for i, p := range ns.waits {
		done, err := p.compare()
		if err != nil {
			ns.waits = append(waiting, ns.waits[i+1:]...)
			return err
		}
		if !done {
			waiting = append(waiting, p)
			continue
		}
		if p.w != nil && p.w.wait == p {
			p.w.wait = nil
		}
	}
	clear(ns.waits[len(waiting):])
	ns.waits = waiting
	return nil
}

// compare compares the two sides of p and reports whether the wait has
// returned.
func (p *wait) compare() (done bool, err error) {
	w := new(model.Waiter)
	if p.w != nil {
		w = &p.w.model
	}
	want, blocked := w.Wait(p.ctx, &p.b.model)
	select {
	case got := <-p.got:
		switch {
		case p.park: // Park may return without a reason.
		case blocked:
			return true, fmt.Errorf("wait returns %v, model waits", got)
		case got != want:
			return true, fmt.Errorf("wait returns %v, model %v", got, want)
		}
		return true, nil
	default:
		if !blocked {
			return false, fmt.Errorf("wait waits, model returns %v", want)
		}
		return false, nil
	}
}
