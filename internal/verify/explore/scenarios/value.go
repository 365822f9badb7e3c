package main

import (
	"context"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

var background = context.Background()

// produce returns a scenario of producers and of watchers that follow.
func produce(name string, bound, full, producers, sets, watchers int, long bool) *sched.Scenario {
	return &sched.Scenario{Name: name, Bound: bound, FullBound: full, Long: long, Run: func(r *sched.Run) {
		w := newWorld(r, watchers)
		r.Group("set", producers, func(i int) {
			for n := range sets {
				w.v.Set(10*i + n + 1)
			}
		})
		r.Group("get", watchers, func(i int) { _ = w.recorders[i].follow(background) })
	}}
}

// values returns the scenarios of producers and watchers.
func values() []*sched.Scenario {
	return []*sched.Scenario{
		produce("value/1 set x 1 watcher", sched.Unlimited, 0, 1, 1, 1, false),
		produce("value/1 x 2 sets x 1 watcher", sched.Unlimited, 0, 1, 2, 1, false),
		produce("value/2 x 2 sets x 1 watcher", 3, 4, 2, 2, 1, false),
		produce("value/2 x 1 set x 2 watchers", 2, 3, 2, 1, 2, false),
		produce("value/2 x 2 sets x 2 watchers", 1, 3, 2, 2, 2, false),
		produce("value/2 x 2 sets x 3 watchers", 0, 1, 2, 2, 3, false),
		{Name: "value/watch beside the first set", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 0)
			r.Go("watch", func() {
				s := &recorder{w: w.v.Watch(), v: w.v}
				s.reach(r, background, 1)
			})
			r.Go("set", func() {
				w.v.Set(1)
				if val, ok := w.v.Load(); val != 1 || !ok {
					r.Fail("Set returned, and Load: %d, %t", val, ok)
				}
			})
		}},
		{Name: "value/update against set", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			var made, base int
			r.Go("update", func() {
				got, ok := w.v.Update(func(old int, ok bool) (int, bool) {
					if ok != (old != 0) {
						r.Fail("Update: %d, %t", old, ok)
					}
					base, made = old, old+100
					return made, true
				})
				if !ok || got != made {
					r.Fail("Update returned %d, %t after %d", got, ok, made)
				}
			})
			r.Go("set", func() { w.v.Set(1); w.v.Set(2) })
			r.Go("get", func() { _ = w.recorders[0].follow(background) })
			r.Finally(func(waiting []string) error {
				if val, _ := w.v.Load(); val != 2 && (val != 102 || base != 2) {
					return fmt.Errorf("%d at the end, where Update made %d of %d", val, made, base)
				}
				return w.finally(waiting)
			})
		}},
		{Name: "value/two updates", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			r.Group("update", 2, func(int) {
				for range 2 {
					w.v.Update(func(old int, _ bool) (int, bool) { return old + 1, true })
				}
			})
			r.Go("get", func() { _ = w.recorders[0].follow(background) })
			r.Finally(func(waiting []string) error {
				if val, _ := w.v.Load(); val != 4 {
					return fmt.Errorf("four increments make %d", val)
				}
				return w.finally(waiting)
			})
		}},
		{Name: "value/concurrent gets", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			// One Get may be refused. No value may be returned twice or be
			// lost.
			w := newWorld(r, 1)
			returned := make([][]int, 2)
			r.Group("get", 2, func(i int) {
				for range 2 {
					val, err := w.recorders[0].w.Get(background, event.BacklogOnly[int]())
					want(r, "Get", err, nil, event.ErrConcurrentGet, event.BacklogDone)
					if err == nil {
						returned[i] = append(returned[i], val)
					}
				}
			})
			r.Go("set", func() { w.v.Set(1); w.v.Set(2) })
			r.Finally(func([]string) error {
				seen := map[int]bool{}
				for _, vals := range returned {
					for i, val := range vals {
						if seen[val] || i > 0 && vals[i-1] > val {
							return fmt.Errorf("concurrent Gets returned %v", returned)
						}
						seen[val] = true
					}
				}
				return nil
			})
		}},
		{Name: "value/concurrent plain gets", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			w.v.Set(1)
			returned := make([][4]int, 2) // the number of times that each thread returned each value
			ctx := sched.NewContext()
			s := w.recorders[0]
			s.getting = true // One of the two threads may wait.
			r.Group("get", 2, func(i int) {
				for range 2 {
					val, err := s.w.Get(ctx)
					want(r, "Get", err, nil, event.ErrConcurrentGet, context.Canceled)
					returned[i][val]++ // An error returns 0.
				}
			})
			r.Go("set", func() { w.v.Set(2) })
			r.Go("cancel", ctx.Cancel)
			r.Finally(func(waiting []string) error {
				for val := 1; val <= 2; val++ {
					if returned[0][val]+returned[1][val] > 1 || len(waiting) > 0 {
						return fmt.Errorf("the values were returned %v times, %q wait", returned, waiting)
					}
				}
				return nil
			})
		}},
		{Name: "value/watchers are counted", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			v := new(event.MemoryValue[int])
			first := v.Watch()
			var count event.ValueWatch[int]
			r.Group("watch", 2, func(int) { v.Watch() })
			r.Go("close", func() { _ = first.Close() })
			r.Go("count", func() { count = v.Watchers() })
			r.Finally(func([]string) error {
				if n, ok := count.(event.Loader[int]).Load(); n != 2 || !ok {
					return fmt.Errorf("%d watchers, %t", n, ok)
				}
				return nil
			})
		}},
		{Name: "value/filter", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			called := map[int]bool{}
			even := event.Filter(func(val int) bool {
				if called[val] {
					r.Fail("the predicate is called twice with %d", val)
				}
				called[val] = true
				return val%2 == 0
			})
			r.Go("get", func() {
				if val, err := w.recorders[0].get(background, even); err != nil || val != 2 {
					r.Fail("Get: %d, %v", val, err)
				}
			})
			r.Go("set", func() { w.v.Set(1); w.v.Set(2) })
		}},
	}
}

// large returns the scenarios whose search takes minutes.
func large() []*sched.Scenario {
	return []*sched.Scenario{
		produce("large/2 x 2 sets x 3 watchers", 2, 0, 2, 2, 3, true),
		produce("large/3 x 1 set x 3 watchers", 1, 0, 3, 1, 3, true),
	}
}
