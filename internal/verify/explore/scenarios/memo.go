package main

import (
	"context"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// A shared is a value and a Memo of it, which counts the calls of its function that
// have returned.
type shared struct {
	v     event.MemoryValue[int]
	view  event.ValueWatch[int]
	calls map[int]int
	fails int // the number of calls that panic, from the first on
}

func newShared() *shared {
	s := &shared{calls: map[int]int{}}
	s.view = event.Memo(&s.v, func(n int) int {
		if s.fails > 0 {
			s.fails--
			panic("boom")
		}
		s.calls[n]++
		return 10 * n
	})
	return s
}

// once fails the run if the function was called twice for one value.
func (s *shared) once() error {
	for n, calls := range s.calls {
		if calls > 1 {
			return fmt.Errorf("%d calls for %d", calls, n)
		}
	}
	return nil
}

// reach calls Get until it returns the result for n. Results must grow.
func (s *shared) reach(r *sched.Run, w event.Watcher[int], n int) {
	for last := 0; last != 10*n; {
		next, err := get1(w)
		if err == errPanic {
			continue
		}
		if err != nil || next <= last {
			r.Fail("Get: %d, %v after %d", next, err, last)
			return
		}
		last = next
	}
}

var errPanic = fmt.Errorf("the function has panicked")

// get1 is a Get that survives a panic of the function.
func get1(w event.Watcher[int], opts ...event.GetOption[int]) (n int, err error) {
	defer func() {
		if p := recover(); p == "boom" {
			n, err = 0, errPanic
		} else if p != nil {
			panic(p)
		}
	}()
	return w.Get(background, opts...)
}

// memos returns the scenarios of a Memo.
func memos() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "memo/one runs, the other waits", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			s := newShared()
			ws := []event.Watcher[int]{s.view.Watch(), s.view.Watch()}
			s.v.Set(1)
			r.Group("get", 2, func(i int) { s.reach(r, ws[i], 1) })
			r.Always(s.once)
		}},
		{Name: "memo/two versions", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			s := newShared()
			ws := []event.Watcher[int]{s.view.Watch(), s.view.Watch()}
			s.v.Set(1)
			r.Group("get", 2, func(i int) { s.reach(r, ws[i], 2) })
			r.Go("set", func() { s.v.Set(2) })
			r.Always(s.once)
		}},
		{Name: "memo/a panic", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			s := newShared()
			s.fails = 1
			ws := []event.Watcher[int]{s.view.Watch(), s.view.Watch()}
			s.v.Set(1)
			r.Group("get", 2, func(i int) { s.reach(r, ws[i], 1) })
			r.Always(s.once)
		}},
		{Name: "memo/a panic beside a newer version", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			s := newShared()
			s.fails = 1
			ws := []event.Watcher[int]{s.view.Watch(), s.view.Watch()}
			s.v.Set(1)
			r.Group("get", 2, func(i int) { s.reach(r, ws[i], 2) })
			r.Go("set", func() { s.v.Set(2) })
			r.Always(s.once)
		}},
		{Name: "memo/load", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			s := newShared()
			w := s.view.Watch()
			s.v.Set(1)
			r.Go("get", func() { s.reach(r, w, 2) })
			r.Go("set, load", func() {
				s.v.Set(2)
				if n, ok := s.view.(event.Loader[int]).Load(); n != 20 || !ok {
					r.Fail("Load: %d, %t", n, ok)
				}
			})
			r.Go("load", func() { s.view.(event.Loader[int]).Load() })
			r.Always(s.once)
		}},
		{Name: "memo/others give up", Bound: 1, FullBound: 2, Run: func(r *sched.Run) {
			s := newShared()
			a, b, c := s.view.Watch(), s.view.Watch(), s.view.Watch()
			s.v.Set(1)
			ctx := sched.NewContext()
			r.Go("get", func() { s.reach(r, a, 1) })
			r.Go("get, cancelled", func() {
				_, err := b.Get(ctx, event.BacklogOnly[int]())
				want(r, "Get", err, context.Canceled, nil)
			})
			r.Go("get, closed", func() {
				_, err := c.Get(background)
				want(r, "Get", err, event.ErrWatcherClosed, nil)
			})
			r.Go("end", func() { ctx.Cancel(); _ = c.Close() })
			r.Always(s.once)
		}},
		{Name: "memo/changed while a get fails", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			s := newShared()
			w := s.view.Watch()
			s.v.Set(1)
			s.reach(r, w, 1)
			ctx := sched.NewContext()
			r.Go("get", func() {
				n, err := w.Get(ctx, event.Filter(func(int) bool { ctx.Cancel(); return true }))
				if err == nil {
					r.Fail("Get returned %d under an ended context", n)
				}
			})
			r.Go("set", func() { s.v.Set(2) })
			r.Go("select", func() { sched.Recv(w.Changed()) })
		}},
		{Name: "memo/version and behind", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			s := newShared()
			w := s.view.Watch()
			s.v.Set(1)
			r.Go("get", func() { s.reach(r, w, 2) })
			r.Go("set", func() { s.v.Set(2) })
			r.Go("look", func() {
				version, _ := event.Version(w)
				if behind, ok := event.Behind(w); !ok || behind > 2 {
					r.Fail("Version: %d, then Behind: %d, %t", version, behind, ok)
				}
				if next, _ := event.Version(w); next < version {
					r.Fail("Version: %d after %d", next, version)
				}
			})
		}},
	}
}
