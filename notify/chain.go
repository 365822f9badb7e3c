package notify

import "runtime"

// Many are woken in chains: who is woken wakes the next before its wait returns. Mostly that one runs next,
// and on the same processor, which has its goroutine, its channel and its place in the cache by then, and before
// any goroutine that computes. To wake everybody first and let them run afterwards is to fetch all that twice, and to
// have each wait for its turn among all that run: a chain takes 0.9 of the time until the last of 10,000 has a value,
// 0.8 with 100,000, and less than a third while other goroutines compute; with 1,000, which the cache holds anyway, and
// nothing else to do, 1.08 of it.
//
//	queue ─► 9 ─► 10 ─► 11 ─► …      whom no chain has taken yet
//	  ▲
//	  ├──────────────────────┐
//	1 ─► 2 ─► 3 ─► … ─► 8 ───┘      a row: who wakes 8 leaves it the queue, of which 8 takes another row
//
// Between its wake-up and that of the next a waiter runs code of this package only.
const (
	// chainsEach is how many chains there are for each processor. Who is woken may compute for long, and all
	// who come after it in its chain then wait until the next has found a processor. With so many chains, each
	// processor that is free finds one.
	chainsEach = 2

	// rowLength is how many places a chain takes at a time. With rows of one, the queue would be
	// written at each wake-up, by all processors.
	rowLength = 8
)

// queue is in the state of what stands for the places that no chain has taken yet, and is none itself.
const queue = 1 << 2

// want, in the same state, counts the chains that want a row.
const want = 1 << 3

// chain wakes everybody on a stack that the caller owns, a few of them by itself.
func (p *place) chain() {
	q := &place{next: p}
	q.state.Store(queue)
	for range chainsEach * runtime.GOMAXPROCS(0) {
		q.serve()
	}
}

// wakeNext wakes the next waiter of a chain that goes on with p, for that to call passOn.
func (p *place) wakeNext() {
	for p != nil {
		switch {
		case p.state.Load()&queue != 0:
			p.serve()
			return
		case p.wake != nil && p.release():
			return // p is its waiter's again, and so is its next.
		}
		p = p.detach()
	}
}

// passOn goes on with the chain that p's waiter has been woken by.
func (p *place) passOn() { p.detach().wakeNext() }

// serve makes a chain go on with a row of the queue q, if there is one left. Who is the only one to want a row owns
// q.next, and serves all who come meanwhile, of whom nobody waits for it.
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
