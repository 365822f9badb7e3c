package park

// Inline is the number of waiters, and of Relays, that Fire serves itself.
//
// Past a few waiters it is cheaper for the caller of Fire to start a goroutine
// than to wake them. That goroutine then wakes all of them: waking the first few
// before starting it makes Fire slower.
const Inline = 4

// linkAbove makes n, which is on no stack, point to top. It reports false if top
// is the seal.
func (n *node) linkAbove(top *node) bool {
	var s *shared
	switch top {
	case &sealed:
		n.next = nil // A failed attempt may have linked n to a stack that Fire owns now.
		return false
	case nil:
	default:
		s = top.shared.Load()
	}
	n.next = top
	// A node that is used again usually has s already, and a store costs more than
	// a load.
	if n.shared.Load() != s {
		n.shared.Store(s)
	}
	return true
}

// push puts n on b's stack. It reports false if b has fired.
func (b *Broadcast) push(n *node) bool {
	for {
		top := b.top.Load()
		if !n.linkAbove(top) {
			return false
		}
		if b.top.CompareAndSwap(top, n) {
			return true
		}
	}
}

// popNext takes n off a stack that the caller owns and returns the node below.
// The waiter keeps n between two waits; next must be nil then, or n would keep
// the nodes of other waiters alive.
func (n *node) popNext() *node {
	next := n.next
	n.next = nil
	return next
}

// fire serves the stack below and including n, which the caller owns: the Relays,
// the channel and the waiters. It leaves many waiters, or a channel with many
// takers, to a goroutine.
func (n *node) fire() {
	var done chan struct{}
	if s := n.shared.Load(); s != nil {
		s.relays.fire()
		if d := s.done.Load(); d != nil {
			done = *d
			if s.doneCalls.Load() <= Inline {
				close(done)
				done = nil
			}
		}
	}
	if done == nil && n.atMostInline() {
		n.wakeAll()
		return
	}
	go n.handOff(done)
}

// atMostInline reports whether at most Inline nodes of waiters are on a stack
// that the caller owns. It visits at most one more than that.
func (n *node) atMostInline() bool {
	count := 0
	for ; n != nil && count <= Inline; n = n.next {
		if n.wake != nil {
			count++
		}
	}
	return count <= Inline
}

// handOff is the part of fire that the caller of Fire does not wait for.
func (n *node) handOff(done chan struct{}) {
	if done != nil {
		close(done)
	}
	n.startChains()
}

// wakeAll wakes every waiter on a stack that the caller owns.
func (n *node) wakeAll() {
	for n != nil {
		next := n.popNext()
		n.tryWake()
		n = next
	}
}
