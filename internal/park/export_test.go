package park

// MinSweep is the number of abandoned nodes below which there is no sweep.
const MinSweep = minSweep

// StackLen returns the number of nodes on b's stack. No goroutine may use b
// concurrently.
func (b *Broadcast) StackLen() int {
	count := 0
	for n := b.top.Load(); n != nil && n != &sealed; n = n.next {
		count++
	}
	return count
}

// Counts returns the number of nodes of waiters on b's stack, and the number of
// nodes that count as abandoned. No goroutine may push or pop concurrently.
func (b *Broadcast) Counts() (nodes, abandoned int) {
	abandoned = int(b.Abandoned())
	for n := b.top.Load(); n != nil; n = n.next {
		if n.wake != nil {
			nodes++
		}
	}
	return nodes, abandoned
}

// Abandoned returns the number of nodes that count as abandoned.
func (b *Broadcast) Abandoned() int64 { return int64(b.sharedState(false).abandoned.Load()) }

// DoneCalls returns the number of times that Done counts as called.
func (b *Broadcast) DoneCalls() int { return int(b.sharedState(false).doneCalls.Load()) }

// Relays returns the number of b's Relays.
func (b *Broadcast) Relays() (count int) {
	s := b.sharedState(false)
	for r := s.relays.first.Load(); r != nil; r = r.next.Load() {
		count++
	}
	return count
}

// Sweep sweeps b's stack, whether or not a sweep is due.
func (b *Broadcast) Sweep() {
	if s := b.sharedState(false); s != nil {
		b.sweep(s)
	}
}

// Node identifies the node of w's present or last wait.
func (w *Waiter) Node() any { return w.node.Load() }

// NodeLeads reports whether w's node refers to another.
func (w *Waiter) NodeLeads() bool {
	n := w.node.Load()
	return n != nil && n.next != nil
}

// State returns the state of w's node. It changes when w, which waits, is woken.
func (w *Waiter) State() uint32 { return w.node.Load().state.Load() }

// OnTop reports whether w's node is the top of b's stack.
func (w *Waiter) OnTop(b *Broadcast) bool {
	n := w.node.Load()
	return n != nil && n == b.top.Load()
}

// Interrupt does what the end of a registered context does to w.
func (w *Waiter) Interrupt() { w.interrupt() }

// Closed reports whether w is closed.
func (w *Waiter) Closed() bool { return w.closed.Load() }

// Neighbours returns the number of other Waiters that w's registration refers to.
func (w *Waiter) Neighbours() int {
	count := 0
	if r := w.registration.Load(); r != nil {
		for _, other := range []*registration{r.prev, r.next, r.group.first} {
			if other != nil && other != r {
				count++
			}
		}
	}
	return count
}

// Len returns the number of groups.
func (c *Contexts) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.groups)
}

// Peak returns the number of groups that the map of c has room for.
func (c *Contexts) Peak() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peak
}

// ChainsPerProc is the number of chains for each processor.
const ChainsPerProc = chainsPerProc

// FireHere is Fire for many waiters, without a goroutine of its own.
func (b *Broadcast) FireHere() { b.top.Swap(&sealed).startChains() }
