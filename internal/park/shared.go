package park

import "go.uber.org/atomic"

// A shared is the state that the waiters of one Broadcast share. It is allocated
// by the first call that needs the channel or a Relay, or that abandons a node.
type shared struct {
	// node carries the shared state onto the stack. No waiter waits on it.
	node node

	// done is the channel that Done returns. The first Done makes it by
	// compare-and-swap from nil; Done and Fire read it.
	done atomic.Pointer[chan struct{}]

	// own is the channel, if the shared state was allocated for Done. It is set
	// before the shared state is published, and spares an object.
	own chan struct{}

	// doneCalls is the number of calls of Done. Done adds, Fire reads.
	doneCalls atomic.Uint32

	// abandoned is the number of abandoned nodes on the stack. A cancelled
	// waiter adds one, and sweep subtracts the nodes that it removed.
	abandoned atomic.Int32

	// abandonedTotal is the number of nodes ever abandoned. It is incremented
	// after abandoned.
	abandonedTotal atomic.Uint32

	// sweepAt is the number of abandoned nodes at which the next sweep is due, if
	// it is at least minSweep. sweep stores it.
	sweepAt atomic.Int32

	// relays is the list of Relays.
	relays relays
}

// sharedState returns b's shared state, which it makes if there is none: with a
// channel if withDone. It returns nil if b has fired.
func (b *Broadcast) sharedState(withDone bool) *shared {
	var made *shared
	for {
		top := b.top.Load()
		if top != nil {
			if s := top.shared.Load(); s != nil {
				if b.Fired() {
					// top may belong to another Broadcast by now, and s too.
					return nil
				}
				return s
			}
		}
		if made == nil {
			made = newShared(withDone)
		}
		if !made.node.linkAbove(top) {
			return nil
		}
		made.node.shared.Store(made)
		if b.top.CompareAndSwap(top, &made.node) {
			return made
		}
	}
}

// newShared returns shared state, with a channel if withDone.
func newShared(withDone bool) *shared {
	s := new(shared)
	if withDone {
		s.own = make(chan struct{})
		s.done.Store(&s.own)
	}
	return s
}

// channel returns the Done channel of b, whose shared state is s.
func (s *shared) channel(b *Broadcast) <-chan struct{} {
	done := s.done.Load()
	if done == nil {
		made := make(chan struct{})
		s.done.CompareAndSwap(nil, &made)
		done = s.done.Load()
	}
	// Fire seals and then looks for a channel. If b is not sealed yet, Fire will
	// find this channel.
	if b.Fired() {
		return ClosedChan
	}
	return *done
}
