package main

import (
	"context"
	"fmt"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/verify/explore/inspect"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// quiet fails the run if a waiter that does not wait has a wake-up pending.
func quiet(r *sched.Run, ws []*park.Waiter, waits []bool) {
	r.Always(func() error {
		for i, w := range ws {
			if !waits[i] && inspect.Pending(w) > 0 {
				return fmt.Errorf("waiter %d does not wait and has a wake-up pending", i+1)
			}
		}
		return nil
	})
}

// broadcasts returns the scenarios of park.Broadcast alone. A scenario without
// Finally fails if a thread waits at the end.
func broadcasts() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "broadcast/wait", Bound: 4, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			var b park.Broadcast
			r.Group("wait", 2, func(int) { want(r, "Wait", b.Wait(context.Background()), nil) })
			r.Go("fire", b.Fire)
		}},
		{Name: "broadcast/hand-off", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			var b park.Broadcast
			r.Group("wait", 3, func(int) { want(r, "Wait", b.Wait(context.Background()), nil) })
			r.Group("fire", 2, func(int) { b.Fire() })
		}},
		{Name: "broadcast/chains", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			// Three batches, and two chains.
			var b park.Broadcast
			r.Group("wait", 5, func(int) { want(r, "Wait", b.Wait(context.Background()), nil) })
			r.Go("fire", b.Fire)
		}},
		{Name: "broadcast/chains, and one cancelled", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			var b park.Broadcast
			ctx := sched.NewContext()
			r.Group("wait", 3, func(int) { want(r, "Wait", b.Wait(context.Background()), nil) })
			r.Go("give up", func() { want(r, "Wait", b.Wait(ctx), nil, context.Canceled) })
			r.Go("cancel", ctx.Cancel)
			r.Go("fire", b.Fire)
		}},
		{Name: "broadcast/chains, and the places move on", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			bs := make([]park.Broadcast, 2)
			ws, waits := []*park.Waiter{{}, {}, {}, {}}, make([]bool, 4)
			r.Group("wait", 4, func(i int) {
				for n := range bs {
					waits[i] = true
					err := ws[i].Wait(context.Background(), &bs[n])
					waits[i] = false
					want(r, "Wait", err, nil)
				}
			})
			r.Group("fire", 2, func(i int) { bs[i].Fire() })
			quiet(r, ws, waits)
		}},
		{Name: "broadcast/cancel", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			var b park.Broadcast
			ctx := sched.NewContext()
			r.Group("wait", 2, func(int) { want(r, "Wait", b.Wait(ctx), nil, context.Canceled) })
			r.Go("cancel", ctx.Cancel)
		}},
		{Name: "broadcast/done", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			var b park.Broadcast
			done := make([]<-chan struct{}, 2)
			r.Group("done", 2, func(i int) {
				done[i] = b.Done()
				sched.Recv(done[i])
				if !b.Fired() {
					r.Fail("Done is closed, and nothing has fired")
				}
			})
			r.Go("fire", b.Fire)
		}},
		{Name: "broadcast/done, after a relay", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			// The shared state is there, without a channel.
			var b park.Broadcast
			b.Relay(new(park.Broadcast))
			r.Group("done", 2, func(int) { sched.Recv(b.Done()) })
			r.Go("fire", b.Fire)
		}},
		{Name: "broadcast/done is one", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			var b park.Broadcast
			done := make([]<-chan struct{}, 2)
			r.Group("done", 2, func(i int) { done[i] = b.Done() })
			r.Go("wait", func() { want(r, "Wait", b.Wait(context.Background()), nil) })
			r.Finally(func([]string) error {
				if done[0] != done[1] {
					return fmt.Errorf("two channels of one broadcast, and nothing has fired")
				}
				return nil
			})
		}},
		{Name: "broadcast/done, and the place moves on", Bound: 2, FullBound: 4, Run: func(r *sched.Run) {
			// The node at the top of the first stack soon moves to the second.
			bs := make([]park.Broadcast, 2)
			second := bs[1].Done()
			var w park.Waiter
			r.Go("wait", func() {
				for n := range bs {
					want(r, "Wait", w.Wait(context.Background(), &bs[n]), nil)
				}
			})
			r.Go("done", func() {
				if c := bs[0].Done(); c == second {
					r.Fail("Done of one broadcast returns the channel of another")
				}
			})
			r.Go("fire", func() {
				bs[0].Fire()
				bs[1].Fire()
				if open(second) {
					r.Fail("the channel of the only call of Done is open after Fire: a call for another broadcast was counted")
				}
			})
		}},
		{Name: "broadcast/done in time", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			// After one call of Done, the channel is closed before Fire
			// returns, even if there are waiters.
			var b park.Broadcast
			c := b.Done()
			r.Group("wait", 2, func(int) { want(r, "Wait", b.Wait(context.Background()), nil) })
			r.Go("fire", func() {
				b.Fire()
				if open(c) {
					r.Fail("Fire has returned, and the channel is open")
				}
			})
		}},
	}
}

// waiters returns the scenarios of park.Waiter.
func waiters() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "waiter/one after another", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			bs := make([]park.Broadcast, 3)
			ws, waits := []*park.Waiter{{}, {}}, make([]bool, 2)
			r.Group("wait", 2, func(i int) {
				for n := range bs {
					waits[i] = true
					err := ws[i].Wait(context.Background(), &bs[n])
					waits[i] = false
					want(r, "Wait", err, nil)
				}
			})
			r.Go("fire", func() {
				for n := range bs {
					bs[n].Fire()
				}
			})
			quiet(r, ws, waits)
		}},
		{Name: "waiter/close", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			var b park.Broadcast
			ctx := sched.NewContext()
			w, waits := new(park.Waiter), make([]bool, 1)
			var fired inspect.Flag
			r.Go("wait", func() {
				for range 2 {
					waits[0] = true
					err := w.Wait(ctx, &b)
					waits[0] = false
					want(r, "Wait", err, nil, park.ErrClosed)
					if err == nil && !fired.Load() {
						r.Fail("Wait returned before Fire")
					}
				}
			})
			r.Go("fire", func() { fired.Store(true); b.Fire() })
			r.Group("close", 2, func(int) { w.Close() })
			quiet(r, []*park.Waiter{w}, waits)
		}},
		{Name: "waiter/registered", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			bs := make([]park.Broadcast, 3)
			ctx := sched.NewContext()
			w, waits := new(park.Waiter), make([]bool, 1)
			r.Go("wait", func() {
				for n := range bs {
					waits[0] = true
					err := w.Wait(ctx, &bs[n])
					waits[0] = false
					want(r, "Wait", err, nil, context.Canceled)
				}
				w.Close()
			})
			r.Go("fire", func() { bs[0].Fire(); bs[1].Fire() })
			r.Go("cancel", ctx.Cancel)
			quiet(r, []*park.Waiter{w}, waits)
		}},
		{Name: "waiter/close releases the context", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			bs := make([]park.Broadcast, 3)
			ctx := sched.NewContext()
			w, waits := new(park.Waiter), make([]bool, 1)
			r.Go("wait", func() {
				for n := range bs {
					waits[0] = true
					err := w.Wait(ctx, &bs[n])
					waits[0] = false
					want(r, "Wait", err, nil, park.ErrClosed)
				}
			})
			r.Go("fire", func() { bs[0].Fire(); bs[1].Fire() })
			r.Go("close", w.Close)
			quiet(r, []*park.Waiter{w}, waits)
			r.Finally(func(waiting []string) error {
				if n := ctx.Registered(); n > 0 || len(waiting) > 0 {
					return fmt.Errorf("%d registrations are left after Close, %q wait", n, waiting)
				}
				return nil
			})
		}},
		{Name: "waiter/done", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			// A Waiter counts as one receiver, however often it calls Done.
			var b park.Broadcast
			var w park.Waiter
			var c [2]<-chan struct{}
			r.Go("done", func() {
				for i := range c {
					if c[i] = w.Done(&b); c[i] == nil {
						r.Fail("Done is nil")
					}
				}
				sched.Recv(c[0])
				if open(c[1]) && c[0] == c[1] {
					r.Fail("one channel is both open and closed")
				}
			})
			r.Go("wait", func() { want(r, "Wait", b.Wait(context.Background()), nil) })
			done := w.Done(&b)
			r.Go("fire", func() {
				b.Fire()
				if open(done) {
					r.Fail("the channel of the only receiver is open after Fire")
				}
				if c := w.Done(&b); open(c) {
					r.Fail("Done after Fire is open")
				}
			})
		}},
	}
}
