package main

import (
	"context"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// getUntilCanceled calls get until get fails. It fails the run if the error is
// not the error of ctx, or if get returns a value of at least limit.
func (s *recorder) getUntilCanceled(r *sched.Run, ctx context.Context, limit int, opts ...event.GetOption[int]) {
	for {
		val, err := s.get(ctx, opts...)
		if err != nil {
			want(r, "Get", err, context.Canceled)
			return
		}
		if val >= limit {
			r.Fail("Get returned %d, which was set after its context had ended", val)
			return
		}
	}
}

// reach calls get until get returns val. It fails the run if get fails.
func (s *recorder) reach(r *sched.Run, ctx context.Context, val int) {
	for s.last() != val {
		if _, err := s.get(ctx); err != nil {
			r.Fail("Get under a context that has not ended: %v", err)
			return
		}
	}
}

// contexts returns the scenarios of Gets whose context ends.
func contexts() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "context/first use", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			ctx := sched.NewContext()
			r.Go("get", func() {
				w.recorders[0].getUntilCanceled(r, ctx, 1)
				w.recorders[0].reach(r, background, 1)
			})
			r.Go("end, then set", func() { ctx.Cancel(); w.v.Set(1) })
		}},
		{Name: "context/registered", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			ctx := sched.NewContext()
			r.Go("get", func() {
				w.recorders[0].getUntilCanceled(r, ctx, 3)
				w.recorders[0].reach(r, background, 3)
			})
			r.Go("set, end, set", func() { w.v.Set(1); w.v.Set(2); ctx.Cancel(); w.v.Set(3) })
		}},
		{Name: "context/filter", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			ctx := sched.NewContext()
			every := event.Filter(func(int) bool { return true }) // A Get with a filter waits differently.
			r.Go("get", func() { w.recorders[0].getUntilCanceled(r, ctx, 2, every) })
			r.Go("set, end, set", func() { w.v.Set(1); ctx.Cancel(); w.v.Set(2) })
		}},
		{Name: "context/shared", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 2)
			ctx := sched.NewContext()
			r.Group("get", 2, func(i int) { w.recorders[i].getUntilCanceled(r, ctx, 3) })
			r.Go("set, end, set", func() { w.v.Set(1); w.v.Set(2); ctx.Cancel(); w.v.Set(3) })
		}},
		{Name: "context/shared, and one leaves", Bound: 2, Run: func(r *sched.Run) {
			w := newWorld(r, 2)
			ctx := sched.NewContext()
			r.Group("get", 2, func(i int) {
				s := w.recorders[i]
				for {
					if _, err := s.get(ctx); err != nil {
						want(r, "Get", err, context.Canceled)
						break
					}
				}
				_ = s.w.Close()
			})
			r.Go("set", func() { w.v.Set(1); w.v.Set(2) })
			r.Go("end", ctx.Cancel)
		}},
		{Name: "context/shared, and one is closed", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 2)
			ctx := sched.NewContext()
			r.Go("get 1", func() { want(r, "Get", w.recorders[0].follow(ctx), event.ErrWatcherClosed, context.Canceled) })
			r.Go("get 2", func() { want(r, "Get", w.recorders[1].follow(ctx), context.Canceled) })
			r.Go("set, close, end", func() {
				w.v.Set(1)
				w.v.Set(2)
				_ = w.recorders[0].w.Close()
				ctx.Cancel()
			})
			r.Finally(func(waiting []string) error {
				if n := ctx.Registered(); n > 0 {
					return fmt.Errorf("%d registrations are left", n)
				}
				return w.finally(waiting)
			})
		}},
		{Name: "context/set beside end", Bound: 2, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			ctx := sched.NewContext()
			r.Go("get", func() {
				w.recorders[0].getUntilCanceled(r, ctx, 9)
				w.recorders[0].reach(r, background, 3)
			})
			r.Go("set", func() { w.v.Set(1); w.v.Set(2); w.v.Set(3) })
			r.Go("end", ctx.Cancel)
		}},
		{Name: "context/another, and a late end of the first", Bound: 2, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			a, b := sched.NewContext(), sched.NewContext()
			r.Go("get", func() {
				s := w.recorders[0]
				for range 2 {
					_, err := s.get(a)
					want(r, "Get", err, nil, context.Canceled)
				}
				s.reach(r, b, 4)
			})
			r.Go("set", func() {
				for n := range 4 {
					w.v.Set(n + 1)
				}
			})
			r.Go("end", a.Cancel)
		}},
		{Name: "context/another, while the first lives", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			// Two Gets under a register with a. A Get under b unregisters from
			// a, even if the Get does not wait.
			w := newWorld(r, 1)
			a, b := sched.NewContext(), sched.NewContext()
			r.Go("get", func() {
				s := w.recorders[0]
				for range 2 {
					_, err := s.get(a)
					want(r, "Get", err, nil)
				}
				s.reach(r, b, 3)
			})
			r.Go("set", func() { w.v.Set(1); w.v.Set(2); w.v.Set(3) })
			r.Finally(func(waiting []string) error {
				if n := a.Registered(); n > 0 && w.recorders[0].ctx == b {
					return fmt.Errorf("%d registrations with the former context are left", n)
				}
				return w.finally(waiting)
			})
		}},
		{Name: "context/another, without a wait", Bound: 2, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			a, b := sched.NewContext(), sched.NewContext()
			r.Go("get, set, get", func() {
				s := w.recorders[0]
				for range 2 {
					_, err := s.get(a)
					want(r, "Get", err, nil)
				}
				w.v.Set(3)
				_, err := s.get(b)
				want(r, "Get", err, nil)
			})
			r.Go("set", func() { w.v.Set(1); w.v.Set(2) })
			r.Finally(func(waiting []string) error {
				if n := a.Registered(); n > 0 && w.recorders[0].ctx == b {
					return fmt.Errorf("%d registrations with the former context are left", n)
				}
				return w.finally(waiting)
			})
		}},
		{Name: "context/cancel and wait again", Bound: 2, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			a, b := sched.NewContext(), sched.NewContext()
			r.Go("get", func() {
				s := w.recorders[0]
				for _, ctx := range []context.Context{a, b} {
					_, err := s.get(ctx)
					want(r, "Get", err, nil, context.Canceled)
				}
				s.reach(r, background, 1)
			})
			r.Go("end", func() { a.Cancel(); b.Cancel() })
			r.Go("set", func() { w.v.Set(1) })
		}},
		{Name: "context/cancel for good", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			// There is no Set, so only sweeps remove the nodes.
			w := newWorld(r, 2)
			w.stack = 10
			ends := [2][6]*sched.Context{}
			for i := range ends {
				for n := range ends[i] {
					ends[i][n] = sched.NewContext()
				}
			}
			r.Group("get", 2, func(i int) {
				for _, ctx := range ends[i] {
					_, err := w.recorders[i].get(ctx)
					want(r, "Get", err, context.Canceled)
				}
			})
			r.Go("end", func() {
				for n := range ends[0] {
					ends[0][n].Cancel()
					ends[1][n].Cancel()
				}
			})
		}},
	}
}
