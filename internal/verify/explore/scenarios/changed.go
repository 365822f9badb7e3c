package main

import (
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// changes are of Changed.
func changes() []*sched.Scenario {
	backlog := []event.GetOption[int]{event.BacklogOnly[int]()}
	return []*sched.Scenario{
		{Name: "changed/never late", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			r.Go("select", func() {
				for s := w.sees[0]; s.last() != 2; {
					sched.Recv(s.w.Changed())
					if _, err := s.get(background, backlog...); err != nil {
						r.Fail("Get after Changed: %v", err)
						return
					}
				}
			})
			r.Go("set", func() { w.v.Set(1); w.v.Set(2) })
		}},
		{Name: "changed/closed when set returns", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 3)
			c := w.sees[2].w.Changed()
			r.Group("get", 2, func(i int) { w.sees[i].reach(r, background, 1) })
			r.Go("set", func() {
				w.v.Set(1)
				if open(c) {
					r.Fail("Set has returned, and the channel is open")
				}
			})
		}},
		{Name: "changed/many takers", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 3)
			r.Group("select", 3, func(i int) {
				sched.Recv(w.sees[i].w.Changed())
				if _, err := w.sees[i].get(background, backlog...); err != nil {
					r.Fail("Get after Changed: %v", err)
				}
			})
			r.Go("set", func() { w.v.Set(1) })
		}},
		{Name: "changed/one channel", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 2)
			r.Go("select", func() {
				a := w.sees[0].w.Changed()
				b := w.sees[0].w.Changed()
				if a != b && open(a) && open(b) {
					r.Fail("Changed returned two channels, both open")
				}
				sched.Recv(a)
				sched.Recv(b)
			})
			r.Go("get", func() { w.sees[1].reach(r, background, 1) })
			r.Go("set", func() { w.v.Set(1) })
		}},
		{Name: "changed/during a get", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			s := w.sees[0]
			r.Go("get", func() { s.reach(r, background, 2) })
			r.Go("select", func() { sched.Recv(s.w.Changed()) })
			r.Go("set", func() { w.v.Set(1); w.v.Set(2) })
			r.Finally(func(waiting []string) error {
				if len(waiting) == 1 && waiting[0] == "select" && s.last() == 2 && open(s.w.Changed()) {
					return nil // It came when all had been seen.
				}
				return w.finally(waiting)
			})
		}},
		{Name: "changed/closed watcher", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			r.Go("changed", func() { w.sees[0].w.Changed() })
			r.Go("close", func() { _ = w.sees[0].w.Close() })
			r.Finally(func([]string) error {
				if open(w.sees[0].w.Changed()) {
					return fmt.Errorf("the channel of a closed watcher is open")
				}
				return nil
			})
		}},
		{Name: "changed/closed value", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			r.Go("select", func() {
				for {
					sched.Recv(w.sees[0].w.Changed())
					if _, err := w.sees[0].get(background, backlog...); err != nil {
						want(r, "Get after Changed", err, event.ErrClosed)
						return
					}
				}
			})
			r.Go("set", func() { w.v.Set(1); _ = w.v.Close() })
		}},
	}
}
