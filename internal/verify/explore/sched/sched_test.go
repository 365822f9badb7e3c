package sched_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/internal/verify/explore/sched"
	"github.com/eventvalue/event/internal/verify/explore/sched/atomic"
	"github.com/eventvalue/event/internal/verify/explore/sched/sync"
)

// TestFinds is each kind of failure, and how many preemptions it takes.
func TestFinds(t *testing.T) {
	for _, c := range []struct {
		name  string
		bound int // the least at which it fails
		want  string
		run   func(r *sched.Run)
	}{
		{"LostUpdate", 1, "1 at the end", func(r *sched.Run) {
			var n atomic.Uint32
			r.Group("add", 2, func(int) { n.Store(n.Load() + 1) })
			r.Finally(func([]string) error {
				if n.Load() != 2 {
					return fmt.Errorf("%d at the end", n.Load())
				}
				return nil
			})
		}},
		{"Deadlock", 1, `asleep for good: ["ab" "ba"]`, func(r *sched.Run) {
			var a, b sync.Mutex
			both := func(a, b *sync.Mutex) {
				a.Lock()
				defer a.Unlock()
				b.Lock()
				defer b.Unlock()
			}
			r.Go("ab", func() { both(&a, &b) })
			r.Go("ba", func() { both(&b, &a) })
		}},
		{"Livelock", 0, "livelock", func(r *sched.Run) {
			var flag atomic.Bool
			r.Go("spin", func() {
				for !flag.Load() {
					sched.Loop()
				}
			})
		}},
		{"LoopWithoutSteps", 0, "a loop without steps", func(r *sched.Run) {
			r.Go("spin", func() {
				for {
					sched.Loop()
				}
			})
		}},
		{"LoopInCheck", 0, "a loop without steps", func(r *sched.Run) {
			r.Go("nothing", func() {})
			r.Finally(func([]string) error {
				for {
					sched.Loop()
				}
			})
		}},
		{"Panic", 0, "boom panics: bang", func(r *sched.Run) {
			r.Go("boom", func() { panic("bang") })
		}},
		{"PanicBeforeTheThreads", 0, "panic: bang", func(*sched.Run) { panic("bang") }},
		{"Skipped", 0, "f is called, but the explorer skips it", func(r *sched.Run) {
			r.Go("call", func() { sched.Skipped("f") })
		}},
		{"SkippedIsRecovered", 0, "f is called, but the explorer skips it", func(r *sched.Run) {
			r.Go("call", func() {
				defer func() { _ = recover() }()
				sched.Skipped("f")
			})
		}},
		{"SkippedBeforeTheThreads", 0, "f is called, but the explorer skips it", func(*sched.Run) { sched.Skipped("f") }},
		{"Fail", 3, "between", func(r *sched.Run) {
			var a, b atomic.Bool
			r.Go("flip", func() { a.Store(true); a.Store(false); b.Store(true); b.Store(false) })
			r.Go("look", func() {
				if a.Load() && b.Load() {
					r.Fail("between")
				}
			})
		}},
		{"Always", 0, "went on", func(r *sched.Run) {
			var n int // one thread's own
			r.Go("add", func() {
				var step atomic.Bool
				for n = range 3 {
					step.Store(true)
				}
			})
			r.Always(func() error {
				if n == 2 {
					return fmt.Errorf("went on to %d", n)
				}
				return nil
			})
		}},
		{"SelectTakesEither", 0, "second", func(r *sched.Run) {
			a, b := make(chan int, 1), make(chan int, 1)
			a <- 1
			b <- 1
			r.Go("select", func() {
				if sched.Select(sched.OnRecv(a), sched.OnRecv(b)) == 1 {
					r.Fail("second")
				}
			})
		}},
		{"Rendezvous", 0, "got 7", func(r *sched.Run) {
			c := make(chan int)
			r.Go("send", func() { sched.Send(c, 7) })
			r.Go("receive", func() { r.Fail("got %d", sched.Recv(c)) })
		}},
		{"AfterFunc", 0, "after", func(r *sched.Run) {
			ctx := sched.NewContext()
			sched.AfterFunc(ctx, func() { r.Fail("after") })
			r.Go("cancel", ctx.Cancel)
		}},
		{"NotDetermined", 0, "not determined by the decisions", undetermined()},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &sched.Scenario{Name: c.name, Run: c.run}
			for bound := range c.bound {
				r := sched.Explore(s, bound, 0)
				assert.Empty(t, r.Failure)
				assert.True(t, r.Exhausted)
			}
			r := sched.Explore(s, c.bound, 0)
			assert.Contains(t, r.Failure, c.want)
			assert.False(t, r.Exhausted)
		})
	}
}

// undetermined is a scenario that is another each time.
func undetermined() func(r *sched.Run) {
	runs := 0
	return func(r *sched.Run) {
		runs++
		for range 1 + runs%2 {
			r.Go("thread", func() {})
		}
		r.Go("thread", func() {})
	}
}

// TestMutexAndChannelsExclude are scenarios without a failure, at any bound.
func TestMutexAndChannelsExclude(t *testing.T) {
	for name, run := range map[string]func(r *sched.Run){
		"Mutex": func(r *sched.Run) {
			var mu sync.Mutex
			var inside atomic.Int32
			r.Group("lock", 3, func(int) {
				mu.Lock()
				if inside.Inc() != 1 {
					r.Fail("two inside")
				}
				inside.Dec()
				mu.Unlock()
			})
		},
		"TryLock": func(r *sched.Run) {
			var mu sync.Mutex
			var inside atomic.Int32
			r.Group("try", 3, func(int) {
				if !mu.TryLock() {
					return
				}
				if inside.Inc() != 1 {
					r.Fail("two inside")
				}
				inside.Dec()
				mu.Unlock()
			})
		},
		"Semaphore": func(r *sched.Run) {
			sem := make(chan struct{}, 1)
			var inside atomic.Int32
			r.Group("acquire", 3, func(int) {
				sched.Send(sem, struct{}{})
				if inside.Inc() != 1 {
					r.Fail("two inside")
				}
				inside.Sub(1)
				sched.Recv(sem)
			})
		},
		"StopOrRun": func(r *sched.Run) {
			ctx := sched.NewContext()
			var ran, stopped atomic.Bool
			stop := sched.AfterFunc(ctx, func() { ran.Store(true) })
			r.Go("cancel", ctx.Cancel)
			r.Go("stop", func() { stopped.Store(stop()) })
			r.Finally(func([]string) error {
				if ran.Load() == stopped.Load() {
					return fmt.Errorf("ran: %t, stopped: %t", ran.Load(), stopped.Load())
				}
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := sched.Explore(&sched.Scenario{Name: name, Run: run}, sched.Unlimited, 0)
			assert.Empty(t, r.Failure)
			assert.True(t, r.Exhausted)
			assert.Greater(t, r.Schedules, uint64(2))
		})
	}
}
