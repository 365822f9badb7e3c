package notify

import "go.uber.org/atomic"

// Inline is the number of waiters that Fire wakes by itself. To wake a goroutine
// costs the waker 100 to 200 ns, to start one that wakes them about twice
// that: past a few waiters handing off is cheaper for the caller of Fire. Then it hands off
// all of them: to wake the first few all the same would make it slower, the more so the more
// memory lies between a few of very many.
const Inline = 4

// minSweep is the least number of places given up for which a sweep is worth while.
const minSweep = 64

// A place is where one waiter waits on one Broadcast. While it is on a stack only
// its state changes, and it becomes the top of one and the same Broadcast once: its waiter
// uses it again only when the first has fired, and a sweep puts a fresh place above those that it
// puts back. So no compare-and-swap of a Broadcast's top can mistake one stack for another, and
// what a pusher reads from the top is still true if its compare-and-swap succeeds.
type place struct {
	// next belongs to who pushes the place, and then to who owns the stack. A chain leaves it to the waiter
	// that it wakes: see wakeNext.
	next *place

	// wake is the waiter's wake-up channel, of capacity 1. Places on which
	// nobody waits (they carry the crowd) have none.
	wake chan struct{}

	// crowd is what the Broadcast's waiters share, if there is such a thing yet. Who pushes a
	// place takes it from the top, so that the top always knows it. Atomic for the
	// sake of pushers that read a top that is one no more.
	crowd atomic.Pointer[crowd]

	// state is a turn, and claimed or not; or it is that of a queue.
	state atomic.Uint32
}

const (
	// claimed is set, for ever, by who ends a wait other than by taking the place off. Who sets it
	// wakes the waiter, unless it is the waiter. It may be set while nobody waits.
	claimed = 1 << 0

	// turn changes whenever a wait ends because the place has been taken off.
	turn = 1 << 1

	// nowhere is the turn of no place.
	nowhere = claimed
)

func (p *place) turn() uint32 { return p.state.Load() & turn }

// A crowd is made when a Broadcast is first asked for its channel or to relay, or one of its
// waiters first gives up.
type crowd struct {
	done   atomic.Pointer[chan struct{}] // what Done returns, made on demand
	takers atomic.Uint32                 // how many have asked for it
	gone   atomic.Int32                  // how many places of waiters on the stack have been given up
	given  atomic.Uint32                 // how many have ever been, counted after that
	due    atomic.Int32                  // how many of them make a sweep worth while, if at least minSweep
	relays atomic.Pointer[relays]        // made on demand
}

// claim ends the wait of the given turn, and reports whether it did: not if it has ended already.
func (p *place) claim(turn uint32) bool {
	return p.state.CompareAndSwap(turn, turn|claimed)
}

// interrupt ends the wait in progress; if there is none, it spoils p for the next. If p's turn
// changes in between, nothing is lost: who calls it has made a condition true at which the waiter
// looks before it waits again. If it changes twice, it may end a wait that it does not mean. That
// waiter looks at what has happened, and waits again.
func (p *place) interrupt() {
	if p.claim(p.turn()) {
		p.signal()
	}
}

// release ends the wait, lets the waiter have p back, and reports true, unless somebody has claimed p: then it
// is garbage. The caller has taken p off the stack.
func (p *place) release() bool {
	if s := p.state.Load(); s&claimed == 0 && p.state.CompareAndSwap(s, s^turn) {
		p.signal()
		return true
	}
	return false
}

// signal sends a wake-up.
func (p *place) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
		// One is there already, if p was released and then claimed before its waiter has run, which
		// then looks at that: see vacancy. Or nobody ever waits here.
	}
}

// detach takes p off a stack that the caller owns, and returns what was below it.
// A waiter keeps its place between two waits: without the nil, it would keep
// those of all who came before it.
func (p *place) detach() *place {
	next := p.next
	p.next = nil
	return next
}

// on makes p, which is on no stack, the place above top, unless top is the seal.
func (p *place) on(top *place) bool {
	var c *crowd
	switch top {
	case &sealed:
		p.next = nil // The stack to which a failed attempt has linked it is Fire's now.
		return false
	case nil:
	default:
		c = top.crowd.Load()
	}
	p.next = top
	// A place that is used again mostly has it already, and a store costs more
	// than a look.
	if p.crowd.Load() != c {
		p.crowd.Store(c)
	}
	return true
}

// push puts p on b's stack, and reports false if b has fired.
func (b *Broadcast) push(p *place) bool {
	for {
		top := b.top.Load()
		if !p.on(top) {
			return false
		}
		if b.top.CompareAndSwap(top, p) {
			return true
		}
	}
}

// gather returns b's crowd, which it makes if there is none, or nil if b has fired.
func (b *Broadcast) gather() *crowd {
	for {
		top := b.top.Load()
		if top != nil {
			if c := top.crowd.Load(); c != nil {
				if b.Fired() {
					return nil // top may be in use elsewhere, and its crowd another's.
				}
				return c
			}
		}
		p := new(place)
		if !p.on(top) {
			return nil
		}
		c := new(crowd)
		p.crowd.Store(c)
		if b.top.CompareAndSwap(top, p) {
			return c
		}
	}
}

// channel returns the channel of b, whose crowd c is.
func (c *crowd) channel(b *Broadcast) <-chan struct{} {
	done := c.done.Load()
	if done == nil {
		made := make(chan struct{})
		c.done.CompareAndSwap(nil, &made)
		done = c.done.Load()
	}
	// Fire seals, and then looks for a channel to close. If it has not sealed yet,
	// it will find this one.
	if b.Fired() {
		return closed
	}
	return *done
}

// abandon counts a place of b's on which nobody waits any more, and sweeps if those are minSweep, and
// half of what the last sweep has kept: but for those that a sweep has in hand, there are never more of
// them than living places and a constant.
func (b *Broadcast) abandon() {
	c := b.gather()
	if c == nil {
		return
	}
	c.gone.Inc()
	c.given.Inc()
	for c.toSweep() && !b.Fired() {
		given := c.given.Load()
		b.sweep(c)
		// What it has put back may have been given up meanwhile, by somebody who found it nowhere. If
		// nobody has, those still counted are in the hands of others, who look again themselves: not to ask
		// would be to spin until they do.
		if c.given.Load() == given {
			return
		}
	}
}

// toSweep reports whether a sweep is due.
func (c *crowd) toSweep() bool {
	gone := c.gone.Load()
	return gone >= minSweep && gone >= c.due.Load()
}

// sweep drops the places on which nobody waits any more. Without it, a Broadcast
// that never fires would keep a place for every wait that was given up.
//
// It takes the stack off, which makes it responsible for those who wait there:
// if b fires before it has put them back, it wakes them itself. Its cost is that of
// the stack's length, which those who came or gave up since the last sweep pay for: O(1) each, where
// sweeps do not overlap. Nobody waits for one to end: while who sweeps is preempted, others sweep what
// has come since.
func (b *Broadcast) sweep(c *crowd) {
	// The crowd stays: that Fire closes its channel before it returns is a promise.
	stay := new(place)
	stay.crowd.Store(c)
	var top *place
	for taken := false; !taken; taken = b.top.CompareAndSwap(top, stay) {
		if top = b.top.Load(); top == &sealed { // by chance: a Fire in between
			return
		}
	}
	head, last, kept, dropped := prune(top)
	c.gone.Sub(dropped)
	c.due.Store(kept / 2) // When so many have gone, there are at least as many left.
	if head == nil {
		return
	}
	for {
		top := b.top.Load()
		back := new(place) // None of those kept: they may have been the top before.
		if !back.on(top) { // by chance: a Fire in between
			last.next = nil // The stack to which a failed attempt has linked it is Fire's now.
			head.wakeAll()
			return
		}
		back.next, last.next = head, top
		if b.top.CompareAndSwap(top, back) {
			return
		}
	}
}

// prune unlinks the places on which nobody waits from a stack that the caller owns.
// It returns the first and the last of those that it keeps, how many these are, and
// how many that were given up it has dropped.
func prune(p *place) (head, last *place, kept, dropped int32) {
	for p != nil {
		next := p.detach()
		switch {
		case p.wake == nil:
		case p.state.Load()&claimed != 0:
			dropped++
		case last == nil:
			head, last = p, p
			kept++
		default:
			last.next, last = p, p
			kept++
		}
		p = next
	}
	return head, last, kept, dropped
}

// fire wakes everybody on a stack that the caller owns: by itself if they are few and no channel with many
// takers has to be closed, and else by another goroutine, which ends when it has woken a few, who wake the others.
func (p *place) fire() {
	var done chan struct{}
	if c := p.crowd.Load(); c != nil {
		if l := c.relays.Load(); l != nil {
			l.fire()
		}
		if d := c.done.Load(); d != nil {
			done = *d
			if c.takers.Load() <= Inline {
				close(done)
				done = nil
			}
		}
	}
	if done == nil && p.few() {
		p.wakeAll()
		return
	}
	go p.handOff(done)
}

// few reports whether up to Inline places of waiters are on a stack that the caller owns. It looks at
// one more than that.
func (p *place) few() bool {
	n := 0
	for ; p != nil && n <= Inline; p = p.next {
		if p.wake != nil {
			n++
		}
	}
	return n <= Inline
}

// handOff is the part of fire that its caller does not wait for.
func (p *place) handOff(done chan struct{}) {
	if done != nil {
		close(done)
	}
	p.chain()
}

// wakeAll wakes everybody on a stack that the caller owns.
func (p *place) wakeAll() {
	for p != nil {
		next := p.detach()
		p.release()
		p = next
	}
}
