package park

import "go.uber.org/atomic"

// A node is a waiter's entry on the stack of one Broadcast.
//
// Invariant: a node becomes the top of one and the same Broadcast at most once.
// Its waiter pushes it again only after that Broadcast has fired, and a sweep puts
// a fresh node above those that it puts back. A compare-and-swap of a top
// therefore cannot mistake one stack for another (no ABA), and what a pusher read
// from the top is still true if its compare-and-swap succeeds.
type node struct {
	// next is the node below. It belongs to the goroutine that pushes n, and then
	// to the goroutine that owns the stack. A chain hands it to the waiter that it
	// wakes: see wakeFrom.
	next *node

	// wake is the waiter's wake-up channel, of capacity 1. It is nil in a node
	// that carries only shared state: no waiter waits on that node.
	wake chan struct{}

	// shared is the Broadcast's shared state, or nil. The pusher copies it from
	// the top, so that the top always has it. It is atomic because a pusher may
	// read it from a node that is no longer the top.
	shared atomic.Pointer[shared]

	// state is the phase bit and the retired bit, or the state of a queue: see
	// chain.go.
	state atomic.Uint32
}

const (
	// retired is set once, and for good, by the goroutine that ends a wait
	// without popping the node. Unless that goroutine is the waiter, it then sends
	// a wake-up. A node may be retired while no wait is in progress.
	retired = 1 << 0

	// phaseBit flips when a wait ends because the node was popped.
	phaseBit = 1 << 1

	// noPhase is the phase of a wait that never pushed its node.
	noPhase = retired
)

func (n *node) phase() uint32 { return n.state.Load() & phaseBit }

// retire ends the wait that began in the given phase. It reports false if that
// wait has ended already.
func (n *node) retire(phase uint32) bool {
	return n.state.CompareAndSwap(phase, phase|retired)
}

// interrupt ends the wait in progress. If there is none, it retires n, and the
// next wait uses a new node.
//
// The phase may change between the two steps of interrupt. If it changes once,
// nothing is lost: the caller has made a condition true that the waiter checks
// before its next wait. If it changes twice, interrupt may end a later wait; that
// waiter finds its conditions false and waits again.
func (n *node) interrupt() {
	if n.retire(n.phase()) {
		n.signal()
	}
}

// tryWake ends the wait on n and gives n back to its waiter. It reports false if
// n is retired; n is garbage then. The caller has popped n.
func (n *node) tryWake() bool {
	if s := n.state.Load(); s&retired == 0 && n.state.CompareAndSwap(s, s^phaseBit) {
		n.signal()
		return true
	}
	return false
}

// signal sends a wake-up.
func (n *node) signal() {
	select {
	case n.wake <- struct{}{}:
	default:
		// Either n has no channel, or n was woken and then retired before its
		// waiter ran. acquireNode then finds n retired.
	}
}
