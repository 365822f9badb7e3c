package main

import (
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// changes returns the scenarios of Changed.
func changes() []*sched.Scenario {
	backlog := []event.GetOption[int]{event.BacklogOnly[int]()}
	return []*sched.Scenario{
		{Name: "changed/never late", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			r.Go("select", func() {
				for s := w.recorders[0]; s.last() != 2; {
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
			c := w.recorders[2].w.Changed()
			r.Group("get", 2, func(i int) { w.recorders[i].reach(r, background, 1) })
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
				sched.Recv(w.recorders[i].w.Changed())
				if _, err := w.recorders[i].get(background, backlog...); err != nil {
					r.Fail("Get after Changed: %v", err)
				}
			})
			r.Go("set", func() { w.v.Set(1) })
		}},
		{Name: "changed/one channel", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 2)
			r.Go("select", func() {
				a := w.recorders[0].w.Changed()
				b := w.recorders[0].w.Changed()
				if a != b && open(a) && open(b) {
					r.Fail("Changed returned two channels, both open")
				}
				sched.Recv(a)
				sched.Recv(b)
			})
			r.Go("get", func() { w.recorders[1].reach(r, background, 1) })
			r.Go("set", func() { w.v.Set(1) })
		}},
		{Name: "changed/during a get", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			s := w.recorders[0]
			r.Go("get", func() { s.reach(r, background, 2) })
			r.Go("select", func() { sched.Recv(s.w.Changed()) })
			r.Go("set", func() { w.v.Set(1); w.v.Set(2) })
			r.Finally(func(waiting []string) error {
				if len(waiting) == 1 && waiting[0] == "select" && s.last() == 2 && open(s.w.Changed()) {
					return nil // Changed was called when every value had been seen.
				}
				return w.finally(waiting)
			})
		}},
		{Name: "changed/closed watcher", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			r.Go("changed", func() { w.recorders[0].w.Changed() })
			r.Go("close", func() { _ = w.recorders[0].w.Close() })
			r.Finally(func([]string) error {
				if open(w.recorders[0].w.Changed()) {
					return fmt.Errorf("the channel of a closed watcher is open")
				}
				return nil
			})
		}},
		{Name: "changed/closed value", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			r.Go("select", func() {
				for {
					sched.Recv(w.recorders[0].w.Changed())
					if _, err := w.recorders[0].get(background, backlog...); err != nil {
						want(r, "Get after Changed", err, event.ErrClosed)
						return
					}
				}
			})
			r.Go("set", func() { w.v.Set(1); _ = w.v.Close() })
		}},
	}
}
