package notify

import "go.uber.org/atomic"

// Inline is the number of waiters that Fire wakes by itself. To wake a goroutine
// costs the waker 100 to 200 ns, to start one that wakes the others about twice
// that: past a few waiters handing off is cheaper for the caller of Fire.
const Inline = 4

// minSweep is the least number of places that are pushed between two sweeps.
const minSweep = 64

// A place is where one waiter waits on one Broadcast. While it is on a stack only
// its state changes, and it comes to one and the same Broadcast once: it is free for
// another only after the first has fired. So no compare-and-swap of a Broadcast's top
// can mistake one stack for another, and what a pusher reads from the top is still
// true if its compare-and-swap succeeds.
type place struct {
	// next belongs to who pushes the place, and then to who owns the stack.
	next *place

	// wake is the waiter's wake-up channel, of capacity 1. Places on which
	// nobody waits (they carry done) have none.
	wake chan<- struct{}

	// done is the channel of the Broadcast, if it has been asked for. Every
	// place repeats that of the place below, so that the top knows it. Atomic,
	// like budget, for the sake of pushers that read a top that is one no more.
	done atomic.Pointer[channel]

	// budget is how many more places may be pushed before a sweep is due.
	budget atomic.Uint32

	// state is free, parked or claimed; see the package's documentation.
	state atomic.Uint32
}

const (
	free    = iota // on no stack, or its waiter is about to park
	parked         // its waiter waits, or is about to
	claimed        // its waiter waits no more, but it is still on a stack
)

// A channel is what Done returns, made on demand.
type channel struct {
	c      chan struct{}
	takers atomic.Uint32
}

// claim reports whether the caller is the one who ends the wait.
func (p *place) claim() bool { return p.state.CompareAndSwap(parked, claimed) }

// interrupt ends the wait, unless it has ended already.
func (p *place) interrupt() {
	if p.claim() {
		p.signal()
	}
}

// release ends the wait, unless it has ended already, and lets the waiter have p back.
// The caller has taken p off the stack.
func (p *place) release() {
	if p.state.Swap(free) == parked {
		p.signal()
	}
}

func (p *place) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
		// A wake-up is pending, left by a wait that a panic of the context's
		// methods cut short. It serves as well.
	}
}

// detach takes p off a stack that the caller owns, and returns what was below it.
// A waiter keeps its place until it waits again: without the nil, it would keep
// those of all who came before it.
func (p *place) detach() *place {
	next := p.next
	p.next = nil
	return next
}

// on makes p, which is on no stack, the place above top, unless top is the seal.
func (p *place) on(top *place) bool {
	var done *channel
	budget := uint32(minSweep)
	switch top {
	case &sealed:
		return false
	case nil:
	default:
		done, budget = top.done.Load(), top.budget.Load()
		if budget > 0 {
			budget--
		}
	}
	p.next = top
	// A place that is used again mostly has these already, and a store costs more
	// than a look.
	if p.done.Load() != done {
		p.done.Store(done)
	}
	if p.budget.Load() != budget {
		p.budget.Store(budget)
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
			if p.budget.Load() == 0 {
				b.sweep()
			}
			return true
		}
	}
}

// channel returns b's channel, which it makes if there is none, or nil if b has
// fired.
func (b *Broadcast) channel() *channel {
	for {
		top := b.top.Load()
		p := new(place)
		if !p.on(top) {
			return nil
		}
		if done := p.done.Load(); done != nil {
			if b.Fired() {
				return nil // top may be in use elsewhere, and done another's.
			}
			return done
		}
		done := &channel{c: make(chan struct{})}
		p.done.Store(done)
		if b.top.CompareAndSwap(top, p) {
			return done
		}
	}
}

// sweep drops the places on which nobody waits any more. Without it, a Broadcast
// that never fires would keep a place for every wait that was given up.
//
// It takes the stack off, which makes it responsible for those who wait there:
// if b fires before it has put them back, it wakes them itself.
//
// The next sweep is due when as many places have been pushed as this one left,
// which bounds the stack by twice the living and makes a push O(1), amortized.
func (b *Broadcast) sweep() {
	top := b.top.Load()
	// The channel stays: that Fire closes it before it returns is a promise.
	stay := new(place)
	if top == nil || !stay.on(top) {
		return
	}
	stay.next = nil
	stay.budget.Store(minSweep)
	if !b.top.CompareAndSwap(top, stay) {
		return // Somebody pushed, and has the sweep to do, or b has fired.
	}
	head, last, n := prune(top)
	if head == nil {
		return
	}
	for {
		top := b.top.Load()
		back := new(place)
		if !back.on(top) {
			last.next = nil // What a failed attempt put there is Fire's.
			head.wakeAll()
			return
		}
		back.next, last.next = head, top
		back.budget.Store(max(minSweep, n))
		if b.top.CompareAndSwap(top, back) {
			return
		}
	}
}

// prune unlinks the places on which nobody waits from a stack that the caller
// owns. It returns the first and the last of those that it leaves, and how many.
func prune(p *place) (head, last *place, n uint32) {
	for p != nil {
		next := p.detach()
		if p.wake != nil && p.state.Load() != claimed {
			if last == nil {
				head = p
			} else {
				last.next = p
			}
			last = p
			n++
		}
		p = next
	}
	return head, last, n
}

// fire wakes everybody on a stack that the caller owns, a few at once and the
// rest by another goroutine, which ends when it has done so.
func (p *place) fire() {
	done := p.done.Load()
	if done != nil && done.takers.Load() <= Inline {
		close(done.c)
		done = nil
	}
	for n := 0; p != nil && n < Inline; n++ {
		next := p.detach()
		p.release()
		p = next
	}
	if p == nil && done == nil {
		return
	}
	go p.handOff(done)
}

// handOff is the part of fire that its caller does not wait for.
func (p *place) handOff(done *channel) {
	if done != nil {
		close(done.c)
	}
	p.wakeAll()
}

// wakeAll wakes everybody on a stack that the caller owns.
func (p *place) wakeAll() {
	for p != nil {
		next := p.detach()
		p.release()
		p = next
	}
}
