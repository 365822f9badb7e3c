package main

import (
	"errors"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/verify/explore/inspect"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// A bounded context ends when its value is at least 2.
type bounded struct {
	r      *sched.Run
	v      event.MemoryValue[int]
	ctx    *sched.Context
	cancel func()
	cause  error // the first, or context.Canceled
	asking bool  // the predicate runs
	asked  []int
}

// newBounded makes a bounded context over the view of its value. While the predicate runs,
// it calls during.
func newBounded(r *sched.Run, view func(v event.ValueWatch[int]) event.ValueWatch[int], during func(b *bounded)) *bounded {
	b := &bounded{r: r, ctx: sched.NewContext()}
	b.cancel = inspect.Until(b.ctx, view(&b.v), func(n int) bool {
		if b.asking {
			r.Fail("the predicate is called twice at once")
		}
		b.asking = true
		for _, before := range b.asked {
			if n <= before {
				r.Fail("the predicate is called with %d after %v", n, b.asked)
			}
		}
		b.asked = append(b.asked, n)
		during(b)
		b.asking = false
		return n >= 2
	}, b.end)
	r.Finally(b.finally)
	return b
}

var errCanceled = errors.New("canceled")

func (b *bounded) end(cause error) {
	if b.ctx.Ended() {
		return
	}
	if cause == nil {
		cause = errCanceled
	}
	b.cause = cause
	b.ctx.Cancel()
}

// finally is checked when no thread can continue: the context has ended if it has a reason
// to, and nothing is left then.
func (b *bounded) finally(waiting []string) error {
	n, _ := b.v.Load()
	ended := b.ctx.Ended()
	switch {
	case len(waiting) > 0:
		return fmt.Errorf("asleep for good: %q", waiting)
	case !ended && n >= 2:
		return fmt.Errorf("the value is %d, the predicate was called with %v, and the context has not ended", n, b.asked)
	case !ended && b.v.Err() != nil:
		return fmt.Errorf("the value has ended, and the context has not")
	}
	open, _ := capability.OpenWatchers(&b.v)
	if ended && open > 0 {
		return fmt.Errorf("the context has ended, and %d watchers are open", open)
	}
	if !ended && open != 1 {
		return fmt.Errorf("the context has not ended, and %d watchers are open", open)
	}
	if reached := new(event.Reached[int]); errors.As(b.cause, &reached) && reached.Value < 2 {
		return fmt.Errorf("%d was reached", reached.Value)
	}
	return nil
}

func nothing(*bounded) {}

func itself(v event.ValueWatch[int]) event.ValueWatch[int] { return v }

// sum is a Combine of v with a value that does not change.
func sum(v event.ValueWatch[int]) event.ValueWatch[int] {
	return event.Combine(v, event.New(0), func(a, b int) int { return a + b })
}

// untils returns the scenarios of contexts that end when a value is reached.
func untils() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "until/two sets", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			b := newBounded(r, itself, nothing)
			r.Go("set", func() { b.v.Set(1); b.v.Set(2) })
		}},
		{Name: "until/two producers", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			b := newBounded(r, itself, nothing)
			r.Group("set", 2, func(int) {
				b.v.Update(func(old int, _ bool) (int, bool) { return old + 1, true })
			})
		}},
		{Name: "until/a set during the first call", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			// The predicate sets the value on the goroutine that makes the context.
			v, b := event.New(0), &bounded{r: r, ctx: sched.NewContext()}
			r.Go("until", func() {
				inUntil, calls := true, 0
				b.cancel = inspect.Until(b.ctx, v, func(n int) bool {
					if calls++; calls > 1 && inUntil {
						r.Fail("the predicate is called with %d before Until has returned", n)
					}
					if n == 0 {
						v.Set(2)
					}
					return n >= 2
				}, b.end)
				inUntil = false
			})
			r.Go("set", func() { v.Set(3) })
			r.Finally(func([]string) error {
				if !b.ctx.Ended() {
					return errors.New("the value is 2, and the context has not ended")
				}
				return nil
			})
		}},
		{Name: "until/over a combine", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			b := newBounded(r, sum, nothing)
			r.Group("set", 2, func(int) {
				b.v.Update(func(old int, _ bool) (int, bool) { return old + 1, true })
			})
		}},
		{Name: "until/the value ends", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			b := newBounded(r, itself, nothing)
			r.Go("set", func() { b.v.Set(1) })
			r.Go("close", func() { _ = b.v.Close() })
		}},
		{Name: "until/cancel", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			b := newBounded(r, itself, nothing)
			r.Go("set", func() { b.v.Set(1); b.v.Set(2) })
			r.Go("cancel", func() { b.cancel() })
		}},
		{Name: "until/the parent ends", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			b := newBounded(r, itself, nothing)
			r.Go("set", func() { b.v.Set(1) })
			r.Go("end", func() { b.cause = errCanceled; b.ctx.Cancel() })
		}},
		{Name: "until/cancel in the predicate", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			b := newBounded(r, itself, func(b *bounded) { b.cancel() })
			r.Go("set", func() { b.v.Set(1) })
			r.Go("set more", func() { b.v.Update(func(old int, _ bool) (int, bool) { return old + 1, true }) })
		}},
	}
}
