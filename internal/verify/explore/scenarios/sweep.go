package main

import (
	"fmt"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/verify/explore/inspect"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// abandon leaves n abandoned nodes on b, unless b has fired. Each waiter pushes
// a node and gives up when it is about to wait.
func abandon(b *park.Broadcast, n int) {
	for range n {
		var w park.Waiter
		wake, done := w.Prepare(make(chan struct{}), b)
		if done != nil {
			done = closedChan // The context has ended by now.
		}
		w.Finish(b, park.Receive(wake, done))
	}
}

var closedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// wait waits for b. It fails the run if the wait fails.
func wait(r *sched.Run, b *park.Broadcast) {
	want(r, "Wait", b.Wait(background), nil)
}

// swept fails the run if more than three nodes are left when all waiters have
// given up: one abandoned node, and two nodes that carry the shared state.
func swept(r *sched.Run, b *park.Broadcast) {
	r.Finally(func([]string) error {
		if nodes, waiting := inspect.Stack(b); nodes > 3 {
			return fmt.Errorf("%d nodes on the stack, of which %d are waited on", nodes, waiting)
		}
		return nil
	})
}

// sweeps returns the scenarios of abandoned nodes. Every second push sweeps,
// because the overlay makes the constant minSweep small.
func sweeps() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "sweep/fire", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			b := new(park.Broadcast)
			abandon(b, 2)
			r.Go("wait", func() { wait(r, b) })
			r.Go("give up", func() { abandon(b, 1) })
			r.Go("fire", b.Fire)
		}},
		{Name: "sweep/fire, and the places move on", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			bs := make([]park.Broadcast, 2)
			abandon(&bs[0], 1)
			ws, waits := []*park.Waiter{{}, {}}, make([]bool, 2)
			r.Group("wait", 2, func(i int) {
				for n := range bs {
					waits[i] = true
					want(r, "Wait", ws[i].Wait(background, &bs[n]), nil)
					waits[i] = false
				}
			})
			r.Go("give up, fire the next", func() { abandon(&bs[0], 1); bs[1].Fire() })
			r.Go("fire", bs[0].Fire)
			quiet(r, ws, waits)
		}},
		{Name: "sweep/fire with more", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			b := new(park.Broadcast)
			abandon(b, 1)
			r.Group("wait", 3, func(int) { wait(r, b) })
			r.Go("give up", func() { abandon(b, 2) })
			r.Go("fire", b.Fire)
		}},
		{Name: "sweep/two at once", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			b := new(park.Broadcast)
			r.Group("give up", 2, func(int) { abandon(b, 3) })
			r.Go("wait", func() { wait(r, b) })
			r.Go("fire", b.Fire)
		}},
		{Name: "sweep/no waiter is dropped", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			// Nothing fires. At the end, each waiter must be on the stack.
			b := new(park.Broadcast)
			r.Group("give up", 2, func(int) { abandon(b, 3) })
			r.Group("wait", 2, func(int) { wait(r, b) })
			r.Finally(func(waiting []string) error {
				if nodes, n := inspect.Stack(b); n != len(waiting) {
					return fmt.Errorf("%q wait, on %d of %d nodes", waiting, n, nodes)
				}
				return nil
			})
		}},
		{Name: "sweep/bounded", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			b := new(park.Broadcast)
			r.Group("give up", 2, func(int) { abandon(b, 8) })
			swept(r, b)
		}},
		{Name: "sweep/given up while in hand", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			b := new(park.Broadcast)
			ws := make([]park.Waiter, 4)
			for i := range ws {
				ws[i].Prepare(nil, b)
			}
			r.Group("give up", 2, func(i int) {
				ws[2*i].Finish(b, false)
				ws[2*i+1].Finish(b, false)
			})
			swept(r, b)
		}},
		{Name: "sweep/keeps the channel", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			b := new(park.Broadcast)
			c := b.Done()
			r.Go("give up", func() { abandon(b, 4) })
			r.Go("fire", func() {
				if d := b.Done(); d != c {
					r.Fail("Done returns another channel before Fire")
				}
			})
			r.Finally(func([]string) error {
				b.Fire()
				if open(c) {
					return fmt.Errorf("the channel is open after Fire")
				}
				return nil
			})
		}},
		{Name: "sweep/closes the channel in time", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			b := new(park.Broadcast)
			c := b.Done()
			r.Go("give up", func() { abandon(b, 3) })
			r.Go("wait", func() { wait(r, b) })
			r.Go("fire", func() {
				b.Fire()
				if open(c) {
					r.Fail("Fire has returned, and the channel is open")
				}
			})
		}},
	}
}
