package notify

// StackLen returns how many places are on b's stack. Nobody may use b meanwhile.
func (b *Broadcast) StackLen() int {
	n := 0
	for p := b.top.Load(); p != nil && p != &sealed; p = p.next {
		n++
	}
	return n
}

// Takers returns how often the channel of b counts as taken.
func (b *Broadcast) Takers() int { return int(b.gather().takers.Load()) }

// Place identifies the place on which w waits or last waited.
func (w *Waiter) Place() any { return w.place.Load() }

// PlaceLeads reports whether w's place keeps another.
func (w *Waiter) PlaceLeads() bool {
	p := w.place.Load()
	return p != nil && p.next != nil
}

// Sweep is a sweep out of turn.
func (b *Broadcast) Sweep() {
	if c := b.gather(); c != nil {
		b.sweep(c)
	}
}

// MinSweep is the least number of places given up for which there is a sweep.
const MinSweep = minSweep

// State is another once w, which waits, has been woken.
func (w *Waiter) State() uint32 { return w.place.Load().state.Load() }

// On reports whether w was the last to begin a wait for b, which has not fired.
func (w *Waiter) On(b *Broadcast) bool {
	p := w.place.Load()
	return p != nil && p == b.top.Load()
}

// Interrupt is what the end of a context that w is registered with does.
func (w *Waiter) Interrupt() { w.interrupt() }

// Closed reports whether w has been closed.
func (w *Waiter) Closed() bool { return w.closed.Load() }

// Len returns with how many contexts Waiters are registered.
func (c *Contexts) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.groups)
}

// Room returns how many contexts c has room for.
func (c *Contexts) Room() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most
}

// Neighbours returns how many other Waiters w leads to by its registration.
func (w *Waiter) Neighbours() int {
	n := 0
	if r := w.registration.Load(); r != nil {
		for _, other := range []*registration{r.prev, r.next, r.group.first} {
			if other != nil && other != r {
				n++
			}
		}
	}
	return n
}

// Relays returns how many Relays b has.
func (b *Broadcast) Relays() (n int) {
	c := b.gather()
	for r := c.list().first.Load(); r != nil; r = r.next.Load() {
		n++
	}
	return n
}

// Counts returns how many places of waiters are on b's stack, which nobody may be about to change, and how
// many of them are thought to be given up.
func (b *Broadcast) Counts() (places, gone int) {
	gone = int(b.Gone())
	for p := b.top.Load(); p != nil; p = p.next {
		if p.wake != nil {
			places++
		}
	}
	return places, gone
}

// Gone returns how many places on b's stack, or in the hands of who sweeps it, are thought to be given up.
func (b *Broadcast) Gone() int64 { return int64(b.gather().gone.Load()) }
