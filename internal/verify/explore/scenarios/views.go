package main

import (
	"context"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// A pair is two values and a watcher of a view that combines them.
type pair struct {
	a, b event.MemoryValue[int]
	w    event.Watcher[[2]int]
	last [2]int
}

func newPair(view func(a, b event.ValueWatch[int]) event.ValueWatch[[2]int]) *pair {
	p := new(pair)
	p.w = view(&p.a, &p.b).Watch()
	return p
}

func combined(a, b event.ValueWatch[int]) event.ValueWatch[[2]int] {
	return event.Combine(a, b, func(a, b int) [2]int { return [2]int{a, b} })
}

// nested is a Combine of a Combine.
func nested(a, b event.ValueWatch[int]) event.ValueWatch[[2]int] {
	same := event.Map(a, func(n int) int { return n })
	return event.Combine(combined(same, b), a, func(p [2]int, _ int) [2]int { return p })
}

// saw fails the run if one half of the pair goes back.
func (p *pair) saw(r *sched.Run, next [2]int) {
	if next[0] < p.last[0] || next[1] < p.last[1] {
		r.Fail("%v after %v", next, p.last)
	}
	p.last = next
}

// reach calls Get until it returns the pair.
func (p *pair) reach(r *sched.Run, want [2]int) {
	for p.last != want {
		next, err := p.w.Get(background)
		if err != nil {
			r.Fail("Get: %v", err)
			return
		}
		p.saw(r, next)
	}
}

// follow waits for Changed and calls Get until Get returns the pair.
func (p *pair) follow(r *sched.Run, want [2]int) {
	for p.last != want {
		sched.Recv(p.w.Changed())
		next, err := p.w.Get(background, event.BacklogOnly[[2]int]())
		switch err {
		case nil:
			p.saw(r, next)
		case event.BacklogDone:
		default:
			r.Fail("Get after Changed: %v", err)
			return
		}
	}
}

// views returns the scenarios of views that wait for several values.
func views() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "views/combine wakes", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			p := newPair(combined)
			r.Go("get", func() { p.reach(r, [2]int{1, 1}) })
			r.Go("set a", func() { p.a.Set(1) })
			r.Go("set b", func() { p.b.Set(1) })
		}},
		{Name: "views/combine is never late", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			p := newPair(combined)
			r.Go("select", func() { p.follow(r, [2]int{1, 1}) })
			r.Go("set a", func() { p.a.Set(1) })
			r.Go("set b", func() { p.b.Set(1) })
		}},
		{Name: "views/nested combine is never late", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			p := newPair(nested)
			r.Go("select", func() { p.follow(r, [2]int{1, 1}) })
			r.Go("set a", func() { p.a.Set(1) })
			r.Go("set b", func() { p.b.Set(1) })
		}},
		{Name: "views/changed while a get fails", Bound: 2, FullBound: 3, Run: func(r *sched.Run) { failing(r, combined) }},
		{Name: "views/nested, changed while a get fails", Bound: 2, FullBound: 2, Run: func(r *sched.Run) { failing(r, nested) }},
		{Name: "views/changed while a nested get fails", Bound: 2, FullBound: 3, Run: failingInside},
		{Name: "views/close wakes", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			p := newPair(combined)
			r.Go("get", func() {
				_, err := p.w.Get(background)
				want(r, "Get", err, event.ErrWatcherClosed, nil)
			})
			r.Go("set", func() { p.a.Set(1) })
			r.Go("close", func() { _ = p.w.Close() })
		}},
		{Name: "views/end wakes", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			p := newPair(combined)
			r.Go("get", func() {
				for {
					next, err := p.w.Get(background)
					if err != nil {
						want(r, "Get", err, event.ErrClosed)
						return
					}
					p.saw(r, next)
				}
			})
			r.Go("set", func() { p.a.Set(1); _ = p.b.Close() })
		}},
	}
}

// failing runs a Get that receives a value of a source and then fails, while
// another thread calls Changed.
func failing(r *sched.Run, view func(a, b event.ValueWatch[int]) event.ValueWatch[[2]int]) {
	p := newPair(view)
	p.a.Set(1)
	p.b.Set(1)
	p.reach(r, [2]int{1, 1})
	ctx := sched.NewContext()
	r.Go("get", func() {
		next, err := p.w.Get(ctx, event.Filter(func([2]int) bool { ctx.Cancel(); return true }))
		if err == nil {
			r.Fail("Get returned %v under an ended context", next)
		}
	})
	r.Go("set", func() { p.a.Set(2) })
	r.Go("select", func() { sched.Recv(p.w.Changed()) })
}

// failingInside runs a Get of two nested views. The inner view receives a value
// of a source and fails, so the outer view receives nothing.
func failingInside(r *sched.Run) {
	p := newPair(func(a, b event.ValueWatch[int]) event.ValueWatch[[2]int] {
		one := new(event.MemoryValue[int])
		one.Set(1)
		return event.Combine(combined(a, b), one, func(p [2]int, _ int) [2]int { return p })
	})
	p.a.Set(1)
	p.b.Set(1)
	p.reach(r, [2]int{1, 1})
	ctx := sched.NewContext()
	r.Go("get", func() {
		switch next, err := p.w.Get(ctx); err {
		case nil:
			p.saw(r, next)
		default:
			want(r, "Get", err, context.Canceled)
		}
	})
	r.Go("set", func() { p.a.Set(2); ctx.Cancel() })
	r.Go("select", func() { sched.Recv(p.w.Changed()) })
	r.Finally(func(waiting []string) error {
		if len(waiting) > 0 && p.last[0] == 1 { // Otherwise Changed may have been called when every value had been seen.
			return fmt.Errorf("asleep for good: %q", waiting)
		}
		return nil
	})
}
