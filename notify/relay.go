package notify

import (
	"math"
	"sync"

	"go.uber.org/atomic"
)

// A Relay passes on to one Broadcast that another has fired. By several Relays to one
// Broadcast, which may also be waited for or give out its channel as any other does,
// several Broadcasts are waited for together.
//
// A Relay is made by [Broadcast.Relay]. Its method may be called concurrently.
type Relay struct {
	relays *relays
	to     *Broadcast

	// next is the Relay behind this one. The holder of the list's mutex writes it, while Fire
	// may be reading. A Relay that has been stopped keeps its next, for Fire may be there.
	next atomic.Pointer[Relay]

	// prev and stopped are guarded by the list's mutex.
	prev    *Relay
	stopped bool
}

// A relays is the list of a Broadcast's Relays. It is made for the first of them.
type relays struct {
	mu    sync.Mutex // for those who come and go; Fire does without
	first atomic.Pointer[Relay]
}

// Relay makes the firing of b fire to, before the Fire of b returns if b has up to
// [Inline] Relays, and soon after otherwise. If b has fired already, to has when Relay returns. Call
// [Relay.Stop] when it is of no more use: until then, or until b has fired, b keeps it, and who
// keeps it keeps to and b's other Relays.
//
// To make or stop a Relay takes a mutex of b's Relays for some instructions; Fire does not.
// In the terminology of the Go memory model, the first Fire of b synchronizes before that of to
// which it causes. Broadcasts must not be chained in a circle, nor in long chains, for Fire goes along
// them. Relay panics if to is nil.
func (b *Broadcast) Relay(to *Broadcast) *Relay {
	if to == nil {
		panic("notify: Broadcast.Relay: nil broadcast")
	}
	c := b.gather()
	if c == nil {
		to.Fire()
		return &Relay{to: to, stopped: true}
	}
	r := &Relay{relays: c.list(), to: to}
	r.relays.add(r)
	// Fire seals, and then goes through the list. If it has not sealed yet, it will find
	// r there. To look first and add then would lose the Fire that comes in between.
	if b.Fired() {
		to.Fire()
	}
	return r
}

// list returns the Relays of c's Broadcast.
func (c *crowd) list() *relays {
	if l := c.relays.Load(); l != nil {
		return l
	}
	c.relays.CompareAndSwap(nil, new(relays))
	return c.relays.Load()
}

// add puts r first.
func (l *relays) add(r *Relay) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.first.Load()
	r.next.Store(first)
	if first != nil {
		first.prev = r
	}
	l.first.Store(r)
}

// Stop undoes the Relay. One whose Broadcast is just being fired may still pass that on. It
// may be called more than once.
func (r *Relay) Stop() {
	if r.relays == nil {
		return
	}
	r.relays.mu.Lock()
	defer r.relays.mu.Unlock()
	if r.stopped {
		return
	}
	r.stopped = true
	next := r.next.Load()
	if next != nil {
		next.prev = r.prev
	}
	if r.prev != nil {
		r.prev.next.Store(next)
	} else {
		r.relays.first.Store(next)
	}
	r.prev = nil
}

// fire passes on what has happened: to a few by itself, and to the others by a goroutine,
// which ends when it has done so.
func (l *relays) fire() {
	if rest := l.first.Load().fire(Inline); rest != nil {
		go rest.fireAll()
	}
}

func (r *Relay) fireAll() { r.fire(math.MaxInt) }

// fire passes on, from r on, at most n times, and returns where it has got to. It may meet
// Relays that are stopped meanwhile; who was there before it began and has not been stopped
// is not missed, for a Relay that leaves still leads to those behind it.
func (r *Relay) fire(n int) *Relay {
	for ; r != nil && n > 0; n-- {
		r.to.Fire()
		r = r.next.Load()
	}
	return r
}
