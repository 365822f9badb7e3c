package main

import (
	"errors"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/explore/inspect"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

var errOne, errTwo = errors.New("one"), errors.New("two")

// closes returns the scenarios that close watchers and values.
func closes() []*sched.Scenario {
	return append(watcherCloses(), valueCloses()...)
}

func watcherCloses() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "close/watcher", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			ctx := sched.NewContext()
			s := w.recorders[0]
			r.Go("get", func() { want(r, "Get", s.follow(ctx), event.ErrWatcherClosed) })
			r.Group("close", 2, func(int) { _ = s.w.Close() })
		}},
		{Name: "close/watcher, then set", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			s := w.recorders[0]
			r.Go("get", func() {
				_, err := s.get(background)
				want(r, "Get", err, event.ErrWatcherClosed)
			})
			r.Go("close, then set", func() { _ = s.w.Close(); w.v.Set(1) })
		}},
		{Name: "close/watcher beside sets", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			ctx := sched.NewContext()
			s := w.recorders[0]
			r.Go("get", func() {
				want(r, "Get", s.follow(ctx), event.ErrWatcherClosed)
				if !open(s.w.Changed()) {
					return
				}
				r.Fail("Changed of a closed watcher is open")
			})
			r.Go("close", func() { _ = s.w.Close() })
			r.Go("set", func() { w.v.Set(1); w.v.Set(2); w.v.Set(3) })
			r.Finally(func(waiting []string) error {
				if n := ctx.Registered(); n > 0 {
					return fmt.Errorf("%d registrations are left after Close", n)
				}
				return w.finally(waiting)
			})
		}},
		{Name: "close/watcher beside the context's end", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			ctx := sched.NewContext()
			s := w.recorders[0]
			var canceled inspect.Flag
			r.Go("get", func() {
				for {
					before := canceled.Load()
					_, err := s.get(ctx)
					if err == nil {
						continue
					}
					if before {
						want(r, "Get after the context's end", err, ctx.Err())
					}
					want(r, "Get", err, event.ErrWatcherClosed, ctx.Err())
					return
				}
			})
			r.Go("close", func() { _ = s.w.Close() })
			r.Go("end", func() { ctx.Cancel(); canceled.Store(true) })
			r.Go("set", func() { w.v.Set(1) })
		}},
	}
}

// followToClose follows until the value is closed. It fails the run unless the
// final value has been returned.
func (s *recorder) followToClose(r *sched.Run) {
	want(r, "Get", s.follow(background), event.ErrClosed)
	if val, _ := s.v.Load(); val != s.last() {
		r.Fail("ErrClosed after %d, and the final value is %d", s.last(), val)
	}
	_, err := s.get(background)
	want(r, "Get once more", err, event.ErrClosed)
}

func valueCloses() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "close/value", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			w := newWorld(r, 2)
			r.Group("get", 2, func(i int) { w.recorders[i].followToClose(r) })
			r.Go("set", func() { w.v.Set(1); w.v.Set(2) })
			r.Go("close", func() { _ = w.v.Close() })
		}},
		{Name: "close/value without data", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 2)
			r.Group("get", 2, func(i int) { w.recorders[i].followToClose(r) })
			r.Go("close", func() { _ = w.v.Close() })
		}},
		{Name: "close/set is dropped", Bound: 3, FullBound: 4, Run: func(r *sched.Run) {
			w := newWorld(r, 1)
			r.Go("get", func() { w.recorders[0].followToClose(r) })
			r.Go("close", func() {
				_ = w.v.Close()
				before, _ := w.v.Load()
				w.v.Set(1)
				w.v.Update(func(old int, _ bool) (int, bool) { r.Fail("Update after Close calls f"); return old, true })
				if after, _ := w.v.Load(); after != before {
					r.Fail("a closed value went from %d to %d", before, after)
				}
			})
			r.Go("set", func() { w.v.Set(2) })
		}},
		{Name: "close/err", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			w := newWorld(r, 0)
			r.Go("close", func() { _ = w.v.CloseWithError(errOne) })
			r.Go("set between two errs", func() {
				before := w.v.Err()
				w.v.Set(1)
				after := w.v.Err()
				_, published := w.v.Load()
				if published && before != nil || !published && after == nil {
					r.Fail("Err returned %v before a Set and %v after it, which was published: %t", before, after, published)
				}
			})
		}},
		{Name: "close/value twice", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			w := newWorld(r, 2)
			r.Group("get", 2, func(i int) { w.recorders[i].followToClose(r) })
			for i, cause := range []error{errOne, errTwo} {
				r.Go(fmt.Sprint("close ", i+1), func() {
					_ = w.v.CloseWithError(cause)
					w.v.Set(7)
					if val, ok := w.v.Load(); ok {
						r.Fail("Set after Close, and Load: %d", val)
					}
				})
			}
			r.Finally(func(waiting []string) error {
				var errs []error
				for _, s := range w.recorders {
					errs = append(errs, s.errs...)
				}
				for _, err := range errs {
					if errors.Is(err, errOne) != errors.Is(errs[0], errOne) {
						return fmt.Errorf("the value was closed with two errors: %v", errs)
					}
				}
				return w.finally(waiting)
			})
		}},
	}
}
