package notify

import "runtime"

// Many are woken in chains: who is woken wakes the next before its wait returns. Mostly that one runs next,
// and on the same processor, which has its goroutine, its channel and its place in the cache by then, and before
// any goroutine that computes. To wake everybody first and let them run afterwards is to fetch all that twice, and to
// have each wait for its turn among all that run: a chain takes 0.9 of the time until the last of 10,000 has a value,
// 0.8 with 100,000, and mostly less than a third while other goroutines compute; with 1,000, which the cache holds
// anyway, and nothing else to do, 1.08 of it. See docs/design.md.
//
//	queue ─► 9 ─► 10 ─► 11 ─► …      whom no chain has taken yet
//	  ▲
//	  ├──────────────────────┐
//	1 ─► 2 ─► 3 ─► … ─► 8 ───┘      a row: 1 wakes 2 and so on; 8 comes to the queue, for another row
//
// Between its wake-up and that of the next a waiter runs none of its user's code.
const (
	// chainsEach is how many chains there are for each processor. Who is woken may compute for long, and all
	// who come after it in its chain then wait until the next has found a processor. With so many chains, if there
	// are rows enough for them, each processor that is free finds one.
	chainsEach = 2

	// rowLength is how many places a chain takes at a time. With rows of one, the queue would be
	// written at each wake-up, by all processors.
	rowLength = 8
)

const (
	// queue marks, in its state, a place on which nobody waits and that is only the head of a list: its next
	// leads to the places that no chain has taken yet.
	queue = 1 << 2

	// want is the unit in which a queue's state counts the chains that want a row.
	want = 1 << 3
)

// chain sees to it that everybody on a stack that the caller owns is woken: it wakes the first of each chain.
func (p *place) chain() {
	q := &place{next: p}
	q.state.Store(queue)
	for range chainsEach * runtime.GOMAXPROCS(0) {
		q.serve()
	}
}

// wakeNext goes on with a chain: it wakes the first, from p on, who still waits, and who will call passOn. If it
// comes to the queue, the chain gets another row.
func (p *place) wakeNext() {
	for p != nil {
		switch {
		case p.state.Load()&queue != 0:
			p.serve()
			return
		case p.wake != nil && p.release():
			return // p and its next are its waiter's: no more looks at them.
		}
		p = p.detach()
	}
}

// passOn goes on with the chain that p's waiter has been woken by.
func (p *place) passOn() { p.detach().wakeNext() }

// serve makes a chain go on with a row of the queue q, if there is one left. The first to count itself owns q.next
// until the count is back at zero. Who comes meanwhile only counts itself and goes its way; the owner wakes the first of a
// row for it. So it is, too, if all of a row have given up, and the owner itself comes back to the queue by it.
func (q *place) serve() {
	if q.state.Add(want) != queue|want {
		return
	}
	for more := true; more; more = q.state.Sub(want) != queue {
		q.row().wakeNext()
	}
}

// row takes the first few places of the queue q, which the caller owns. The last of them leads back to q.
// It returns nil if there are none left.
func (q *place) row() *place {
	first := q.next
	if first == nil {
		return nil
	}
	last := first
	for i := 1; i < rowLength && last.next != nil; i++ {
		last = last.next
	}
	q.next, last.next = last.next, q
	return first
}
