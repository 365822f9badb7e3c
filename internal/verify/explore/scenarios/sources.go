package main

import (
	"errors"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

var errCause = errors.New("cause")

// oneOne returns a pair whose watcher has returned {1, 1}.
func oneOne(r *sched.Run, view func(a, b event.ValueWatch[int]) event.ValueWatch[[2]int]) *pair {
	p := newPair(view)
	p.a.Set(1)
	p.b.Set(1)
	p.reach(r, [2]int{1, 1})
	return p
}

// toEnd calls Get until it fails, and returns the error. The last pair must be want.
func (p *pair) toEnd(r *sched.Run, want [2]int) error {
	for {
		next, err := p.w.Get(background)
		if err != nil {
			if p.last != want {
				r.Fail("the end, %v, comes after %v, not %v", err, p.last, want)
			}
			return err
		}
		p.saw(r, next)
	}
}

// followToEnd is toEnd with Changed instead of a Get that waits.
func (p *pair) followToEnd(r *sched.Run, want [2]int) error {
	for {
		next, err := p.w.Get(background, event.BacklogOnly[[2]int]())
		switch {
		case err == event.BacklogDone:
			sched.Recv(p.w.Changed())
		case err != nil:
			if p.last != want {
				r.Fail("the end, %v, comes after %v, not %v", err, p.last, want)
			}
			return err
		default:
			p.saw(r, next)
		}
	}
}

// sources returns the scenarios of sources that end, or that several watchers share.
func sources() []*sched.Scenario {
	var all []*sched.Scenario
	for _, v := range []struct {
		name string
		view func(a, b event.ValueWatch[int]) event.ValueWatch[[2]int]
		full int
	}{{"combine", combined, 3}, {"nested", nested, 2}} {
		all = append(all,
			&sched.Scenario{Name: "sources/" + v.name + ", a cause after the newest", Bound: 2, FullBound: v.full, Run: func(r *sched.Run) {
				p := oneOne(r, v.view)
				r.Go("get", func() { want(r, "Get", p.toEnd(r, [2]int{2, 1}), errCause) })
				r.Go("set a, close b", func() { p.a.Set(2); _ = p.b.CloseWithError(errCause) })
			}},
			&sched.Scenario{Name: "sources/" + v.name + ", a cause after the newest, by Changed", Bound: 2, FullBound: v.full, Run: func(r *sched.Run) {
				p := oneOne(r, v.view)
				r.Go("select", func() { want(r, "Get", p.followToEnd(r, [2]int{2, 1}), errCause) })
				r.Go("set a, close b", func() { p.a.Set(2); _ = p.b.CloseWithError(errCause) })
			}},
			&sched.Scenario{Name: "sources/" + v.name + ", the other continues", Bound: 2, FullBound: v.full, Run: func(r *sched.Run) {
				p := oneOne(r, v.view)
				r.Go("get", func() { p.reach(r, [2]int{2, 2}) })
				r.Go("set a, close a", func() { p.a.Set(2); _ = p.a.Close() })
				r.Go("set b", func() { p.b.Set(2) })
			}},
			&sched.Scenario{Name: "sources/" + v.name + ", all end", Bound: 2, FullBound: v.full, Run: func(r *sched.Run) {
				p := oneOne(r, v.view)
				r.Go("get", func() {
					if err := p.toEnd(r, [2]int{1, 2}); err != event.ErrClosed {
						r.Fail("all have ended without a cause: %v", err)
					}
				})
				r.Go("close a", func() { _ = p.a.Close() })
				r.Go("set b, close b", func() { p.b.Set(2); _ = p.b.Close() })
			}})
	}
	return append(all,
		&sched.Scenario{Name: "sources/the lowest index", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			p := oneOne(r, combined)
			r.Go("get", func() {
				var end *event.SourceError
				if err := p.toEnd(r, [2]int{1, 1}); !errors.As(err, &end) || end.Index != 0 {
					r.Fail("the first source had ended before the second: %v", err)
				}
			})
			r.Go("close a, close b", func() { _ = p.a.CloseWithError(errCause); _ = p.b.CloseWithError(errCause) })
		}},
		&sched.Scenario{Name: "sources/a channel during a Get", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			p := oneOne(r, combined)
			_ = p.w.Changed() // It arms the hooks.
			p.a.Set(2)
			p.reach(r, [2]int{2, 1}) // It leaves a loose.
			p.a.Set(3)
			r.Go("get", func() {
				next, err := p.w.Get(background, event.BacklogOnly[[2]int]())
				want(r, "Get", err, nil)
				p.saw(r, next)
			})
			r.Go("select", func() {
				c := p.w.Changed()
				p.a.Set(4)
				sched.Recv(c)
			})
		}},
		&sched.Scenario{Name: "sources/an equal value during a Get", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			var a event.MemoryValue[int]
			a.Set(1)
			w := event.CombineAll(event.Distinct(&a)).Watch()
			_, err := w.Get(background)
			want(r, "Get", err, nil)
			c := w.Changed()
			r.Go("get", func() {
				if _, err := w.Get(background, event.BacklogOnly[[]int]()); err != event.BacklogDone {
					want(r, "Get", err, nil)
				}
			})
			r.Go("set", func() {
				a.Set(1)
				a.Set(2)
				sched.Recv(c)
			})
		}},
		&sched.Scenario{Name: "sources/two watchers", Bound: 2, FullBound: 2, Run: func(r *sched.Run) {
			p := oneOne(r, combined)
			q := &pair{w: combined(&p.a, &p.b).Watch()}
			q.reach(r, [2]int{1, 1})
			r.Go("get 1", func() { p.reach(r, [2]int{2, 2}) })
			r.Go("get 2", func() { q.follow(r, [2]int{2, 2}) })
			r.Go("set", func() { p.a.Set(2); p.b.Set(2) })
		}},
		&sched.Scenario{Name: "sources/nested, what was set is there", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			p := oneOne(r, nested)
			_ = p.w.Changed() // It arms the hooks.
			_, err := p.w.Get(background, event.BacklogOnly[[2]int]())
			want(r, "Get", err, event.BacklogDone)
			for range 2 { // Other relays: a Set leaves some to a goroutine.
				q := &pair{w: combined(&p.a, &p.b).Watch()}
				q.reach(r, [2]int{1, 1})
				_ = q.w.Changed()
			}
			r.Go("set b, get", func() {
				p.b.Set(2)
				if next, err := p.w.Get(background, event.BacklogOnly[[2]int]()); err != nil || next[1] != 2 {
					r.Fail("Get after Set returns %v, %v", next, err)
				}
			})
		}},
		&sched.Scenario{Name: "sources/what was set is there", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			p := oneOne(r, combined)
			q := &pair{w: combined(&p.a, &p.b).Watch()}
			q.reach(r, [2]int{1, 1})
			for _, w := range []event.Watcher[[2]int]{p.w, q.w} { // It arms the hooks.
				_ = w.Changed()
				_, err := w.Get(background, event.BacklogOnly[[2]int]())
				want(r, "Get", err, event.BacklogDone)
			}
			r.Go("set a, get", func() {
				p.a.Set(2)
				for _, w := range []event.Watcher[[2]int]{p.w, q.w} {
					if next, err := w.Get(background, event.BacklogOnly[[2]int]()); err != nil || next[0] != 2 {
						r.Fail("Get after Set returns %v, %v", next, err)
					}
				}
			})
			r.Go("set b", func() { p.b.Set(2) })
		}},
	)
}
