package park

// A waiter that gives up leaves its node on the stack. Without sweeps, a
// Broadcast that never fires would keep one node for each such wait.
//
// Invariant: apart from the nodes that a sweep has in hand, fewer nodes are
// abandoned than are live, or fewer than minSweep.

// minSweep is the number of abandoned nodes below which no sweep is worth while.
const minSweep = 64

// noteAbandoned counts one abandoned node of b, and sweeps if a sweep is due.
func (b *Broadcast) noteAbandoned() {
	s := b.sharedState(false)
	if s == nil {
		return
	}
	s.abandoned.Inc()
	s.abandonedTotal.Inc()
	for s.sweepDue() && !b.Fired() {
		total := s.abandonedTotal.Load()
		b.sweep(s)
		// A node that the sweep kept may have been abandoned during the sweep, by
		// a waiter that then found nothing to sweep. Without such a node, the ones
		// still counted are in the hands of other sweepers, which check again
		// themselves. Sweeping again without this condition would be a spin.
		if s.abandonedTotal.Load() == total {
			return
		}
	}
}

// sweepDue reports whether a sweep is due.
func (s *shared) sweepDue() bool {
	abandoned := s.abandoned.Load()
	return abandoned >= minSweep && abandoned >= s.sweepAt.Load()
}

// sweep removes the abandoned nodes from b's stack.
//
// It takes the whole stack, drops the retired nodes and puts the others back. If b
// fires in the meantime, sweep wakes their waiters itself. Sweeps may overlap: a
// goroutine does not wait for the sweep of another, and sweeps what was pushed
// since.
//
// Cost: proportional to the length of the stack, which is O(1) for each push and
// each abandoned node since the last sweep, as long as sweeps do not overlap.
func (b *Broadcast) sweep(s *shared) {
	// A node with the shared state stays on the stack, so that Fire finds the
	// channel and can close it before it returns.
	stay := new(node)
	stay.shared.Store(s)
	var top *node
	for taken := false; !taken; taken = b.top.CompareAndSwap(top, stay) {
		if top = b.top.Load(); top == &sealed { // by chance: a Fire in between
			return
		}
	}
	head, last, kept, dropped := prune(top)
	s.abandoned.Sub(dropped)
	s.sweepAt.Store(kept / 2) // At least as many nodes are live then as are abandoned.
	if head == nil {
		return
	}
	for {
		top := b.top.Load()
		back := new(node)         // Not a kept node: each may have been the top before.
		if !back.linkAbove(top) { // by chance: a Fire in between
			last.next = nil // A failed attempt may have linked it to a stack that Fire owns now.
			head.wakeAll()
			return
		}
		back.next, last.next = head, top
		if b.top.CompareAndSwap(top, back) {
			return
		}
	}
}

// prune removes the retired nodes, and those without a waiter, from a stack that
// the caller owns. It returns the first and the last node that it kept, their
// number, and the number of abandoned nodes that it dropped.
func prune(n *node) (head, last *node, kept, dropped int32) {
	for n != nil {
		next := n.popNext()
		switch {
		case n.wake == nil:
		case n.state.Load()&retired != 0:
			dropped++
		case last == nil:
			head, last = n, n
			kept++
		default:
			last.next, last = n, n
			kept++
		}
		n = next
	}
	return head, last, kept, dropped
}
