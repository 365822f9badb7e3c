package main

import (
	"fmt"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/verify/explore/inspect"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// register registers w with ctx. A Waiter registers in its second wait, so
// there are two waits. They return at once.
func register(w *park.Waiter, ctx *sched.Context, shared *park.Contexts) {
	var fired park.Broadcast
	fired.Fire()
	for range 2 {
		w.Park(ctx, &fired, shared)
	}
}

// released fails the run if, at the end, a Waiter is registered with one of the
// contexts or shared has a group.
func released(r *sched.Run, shared *park.Contexts, ctxs ...*sched.Context) {
	r.Finally(func(waiting []string) error {
		for _, ctx := range ctxs {
			if n := ctx.Registered(); n > 0 && !ctx.Ended() {
				return fmt.Errorf("%d registrations are left", n)
			}
		}
		if groups := inspect.Contexts(shared); groups+len(waiting) > 0 {
			return fmt.Errorf("%d groups are left, %q wait", groups, waiting)
		}
		return nil
	})
}

// groups returns the scenarios of park.Contexts.
func groups() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "contexts/all leave", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			ws, ctx, shared := make([]park.Waiter, 3), sched.NewContext(), new(park.Contexts)
			for i := range ws {
				register(&ws[i], ctx, shared)
			}
			r.Group("close", len(ws), func(i int) { ws[i].Close() })
			released(r, shared, ctx)
		}},
		{Name: "contexts/leave beside the end", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			ws, ctx, shared := make([]park.Waiter, 2), sched.NewContext(), new(park.Contexts)
			for i := range ws {
				register(&ws[i], ctx, shared)
			}
			r.Group("close", len(ws), func(i int) { ws[i].Close() })
			r.Go("end", ctx.Cancel)
			released(r, shared, ctx)
		}},
		{Name: "contexts/leave beside a first wait", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			ws, ctx, shared := make([]park.Waiter, 3), sched.NewContext(), new(park.Contexts)
			register(&ws[2], ctx, shared)
			r.Group("register and close", 2, func(i int) {
				register(&ws[i], ctx, shared)
				ws[i].Close()
			})
			r.Go("close", ws[2].Close)
			released(r, shared, ctx)
		}},
		{Name: "contexts/leave beside a wait", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			ws, ctx, shared := make([]park.Waiter, 2), sched.NewContext(), new(park.Contexts)
			register(&ws[1], ctx, shared)
			r.Go("register", func() { register(&ws[0], ctx, shared) })
			r.Go("close", ws[1].Close)
			r.Finally(func([]string) error {
				if groups := inspect.Contexts(shared); groups != 1 {
					return fmt.Errorf("%d groups", groups)
				}
				return nil
			})
		}},
		{Name: "contexts/change beside the end of the former", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			a, b, shared := sched.NewContext(), sched.NewContext(), new(park.Contexts)
			var w park.Waiter
			register(&w, a, shared)
			r.Go("change and close", func() {
				register(&w, b, shared)
				w.Close()
			})
			r.Go("end", a.Cancel)
			released(r, shared, a, b)
		}},
		{Name: "contexts/change", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			ws, a, b, shared := make([]park.Waiter, 2), sched.NewContext(), sched.NewContext(), new(park.Contexts)
			r.Group("change", len(ws), func(i int) {
				register(&ws[i], a, shared)
				register(&ws[i], b, shared)
				ws[i].Close()
			})
			r.Go("end", b.Cancel)
			released(r, shared, a, b)
		}},
		{Name: "contexts/change, and close", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w, a, b, shared := new(park.Waiter), sched.NewContext(), sched.NewContext(), new(park.Contexts)
			r.Go("change", func() {
				register(w, a, shared)
				register(w, b, shared)
			})
			r.Go("close", w.Close)
			released(r, shared, a, b)
		}},
	}
}
