package park

import "runtime"

// Many waiters are woken in chains: each woken waiter wakes its successor before
// its own wait returns. The successor usually runs next on the same processor,
// which then has its goroutine, its channel and its node in the cache. The figures,
// and the alternatives that were measured, are in docs/internals/decisions.md.
//
//	queue ─► 9 ─► 10 ─► 11 ─► …      nodes that no chain has taken yet
//	  ▲
//	  ├──────────────────────┐
//	1 ─► 2 ─► 3 ─► … ─► 8 ───┘      a batch: waiter 1 wakes 2, and so on;
//	                                waiter 8 finds the queue and takes a batch
//
// Invariant: each chain is carried by one goroutine at a time. That goroutine
// wakes a waiter, or requests a batch, before it does anything else. Between its
// own wake-up and that of its successor a waiter runs no code of its user.
const (
	// chainsPerProc is the number of chains for each processor. A woken waiter may
	// compute for long, and its successors then wait until another processor runs
	// the next of them. With several chains each idle processor finds one.
	chainsPerProc = 2

	// batchLength is the number of nodes that a chain takes at a time. With
	// batches of one, all processors would write to the queue at each wake-up.
	batchLength = 8
)

// The state of a queue: whether it is one, and the number of batch requests.
const (
	// queue marks a node that is the head of a list: its next leads to the nodes
	// that no chain has taken yet. No waiter waits on it.
	queue = 1 << 2

	// batchRequest is the unit in which the state of a queue counts the chains
	// that request a batch.
	batchRequest = 1 << 3
)

// startChains wakes every waiter on a stack that the caller owns: it wakes the
// first waiter of each chain.
func (n *node) startChains() {
	q := &node{next: n}
	q.state.Store(queue)
	for range chainsPerProc * runtime.GOMAXPROCS(0) {
		q.dispatch()
	}
}

// wakeSuccessor continues the chain by which n's waiter was woken.
func (n *node) wakeSuccessor() { n.popNext().wakeFrom() }

// wakeFrom continues a chain at n: it wakes the first waiter from n on that still
// waits, and leaves the rest of the batch to that waiter, which calls
// wakeSuccessor. If wakeFrom reaches the queue, it requests another batch.
func (n *node) wakeFrom() {
	for n != nil {
		switch {
		case n.state.Load()&queue != 0:
			n.dispatch()
			return
		case n.wake != nil && n.tryWake():
			return // n and its next belong to the waiter now.
		}
		n = n.popNext()
	}
}

// dispatch continues a chain with a batch of the queue q, if there is one left.
//
// The first caller that raises the count from zero owns q.next until the count is
// back at zero. Any other caller increments the count and returns; the owner takes
// a batch on its behalf, and wakes the first waiter of that batch. The owner
// itself may reach the queue again, if every waiter of a batch has given up.
func (q *node) dispatch() {
	if q.state.Add(batchRequest) != queue|batchRequest {
		return
	}
	for more := true; more; more = q.state.Sub(batchRequest) != queue {
		q.takeBatch().wakeFrom()
	}
}

// takeBatch removes the first few nodes of the queue q, which the caller owns. The
// last of them points back to q. takeBatch returns nil if no node is left.
func (q *node) takeBatch() *node {
	first := q.next
	if first == nil {
		return nil
	}
	last := first
	for i := 1; i < batchLength && last.next != nil; i++ {
		last = last.next
	}
	q.next, last.next = last.next, q
	return first
}
