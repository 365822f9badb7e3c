package event_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// inBubble runs the rounds of a contest in a bubble: there it is known when a Get waits.
// The goroutines of a bubble run as parallel as others.
func inBubble(t *testing.T, round func(c *contest, i int)) {
	t.Helper()
	watchdog(t)
	noLeak(t)
	synctest.Test(t, func(t *testing.T) {
		c := &contest{t: t}
		c.w = c.v.Watch()
		defer c.w.Close()
		c.renew()
		for i := range rounds() {
			if round(c, i); t.Failed() {
				return
			}
		}
	})
}

// waits starts a Get and returns when it waits. The function that it returns waits for it.
func (c *contest) waits(ctx context.Context) func() (int, error) {
	var got int
	var err error
	var done sync.WaitGroup
	done.Go(func() { got, err = c.w.Get(ctx) })
	synctest.Wait()
	return func() (int, error) {
		done.Wait()
		return got, err
	}
}

// knows makes the watcher know ctx, as it does after a Get under it that had to wait: in
// the next that has to, it is woken in another way.
func (c *contest) knows(ctx context.Context) {
	c.t.Helper()
	wait := c.waits(ctx)
	c.set()
	if got, err := wait(); err != nil || got != c.n {
		c.t.Fatalf("Get returns %d, %v, want %d", got, err, c.n)
	}
}

// newContext returns the context for round i, which the watcher knows in every second.
func (c *contest) newContext(i int) (context.Context, context.CancelFunc) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	if i%2 == 0 {
		c.knows(ctx)
	}
	return ctx, cancel
}

// races runs fs and a Get under ctx: in some rounds at the same time, in the others once the
// Get waits. It returns what the Get returned.
func (c *contest) races(i int, ctx context.Context, fs ...func()) (got int, err error) {
	if i%4 < 2 {
		together(append(fs, func() { got, err = c.w.Get(ctx) })...)
		return got, err
	}
	wait := c.waits(ctx)
	together(fs...)
	return wait()
}

func TestGetAgainstCancel(t *testing.T) {
	inBubble(t, func(c *contest, i int) {
		ctx, cancel := c.newContext(i)
		if got, err := c.races(i, ctx, cancel); err != context.Canceled {
			c.t.Errorf("Get returns %d, %v, want its context's end", got, err)
		}
	})
}

// TestGetAgainstCancelAndSet: the Get may end in either way, but if it is not by the value
// then the value is still unseen.
func TestGetAgainstCancelAndSet(t *testing.T) {
	inBubble(t, func(c *contest, i int) {
		ctx, cancel := c.newContext(i)
		got, err := c.races(i, ctx, cancel, c.set)
		if err == context.Canceled {
			got, err = c.w.Get(context.Background(), event.BacklogOnly[int]())
		}
		if err != nil || got != c.n {
			c.t.Errorf("Get returns %d, %v, want %d", got, err, c.n)
		}
	})
}

// TestGetReturnsNothingSetAfterCancel: what was set after the context had ended is
// for the next Get.
func TestGetReturnsNothingSetAfterCancel(t *testing.T) {
	inBubble(t, func(c *contest, i int) {
		ctx, cancel := c.newContext(i)
		got, err := c.races(i, ctx, func() { cancel(); c.set() })
		if err != context.Canceled {
			c.t.Errorf("Get returns %d, %v, want its context's end", got, err)
		}
		c.gets(context.Background(), c.n)
	})
}

// TestLateEndOfEarlierContext: the end of a context under which the watcher has waited
// before must not end a Get under another, nor lose a Set.
func TestLateEndOfEarlierContext(t *testing.T) {
	inBubble(t, func(c *contest, i int) {
		earlier, cancelEarlier := context.WithCancel(context.Background())
		c.knows(earlier)
		if i%2 == 0 {
			c.knows(earlier) // Now it is registered.
		}
		later, cancel := context.WithCancel(context.Background())
		defer cancel()
		got, err := c.races(i, later, cancelEarlier, c.set)
		if err != nil || got != c.n {
			c.t.Errorf("Get returns %d, %v, want %d", got, err, c.n)
		}
		// And once more, under a context that is known by now.
		got, err = c.races(i, later, c.set)
		if err != nil || got != c.n {
			c.t.Errorf("the next Get returns %d, %v, want %d", got, err, c.n)
		}
	})
}

// TestGiveUpAndComeBack: a Get gives up, and another comes back to wait for the same, while
// that happens.
func TestGiveUpAndComeBack(t *testing.T) {
	inBubble(t, func(c *contest, i int) {
		first, cancelFirst := c.newContext(i)
		second, cancelSecond := context.WithCancel(context.Background())
		defer cancelSecond()
		var tries int
		together(
			func() {
				got, err := c.w.Get(first)
				for tries = 1; err == context.Canceled; tries++ {
					got, err = c.w.Get(second)
				}
				if err != nil || got != c.n {
					c.t.Errorf("Get returns %d, %v, want %d", got, err, c.n)
				}
			},
			cancelFirst,
			func() { c.v.Set(c.n) },
		)
		if tries > 2 {
			c.t.Errorf("it took %d Gets", tries)
		}
		c.n++
		c.v.Set(c.n)
		c.gets(second, c.n)
	})
}

// TestConcurrentGetAgainstSet: of two Gets at once on one watcher one gets the value. The
// other gets the error, or waits for the next if the first was over.
func TestConcurrentGetAgainstSet(t *testing.T) {
	inBubble(t, func(c *contest, i int) {
		var values, intruders atomic.Int32
		ctx, cancel := context.WithCancel(context.Background())
		get := func() {
			switch got, err := c.w.Get(ctx); err {
			case nil:
				if got != c.n {
					c.t.Errorf("Get returns %d, want %d", got, c.n)
				}
				values.Add(1)
				cancel()
			case event.ErrConcurrentGet:
				intruders.Add(1)
			case context.Canceled:
			default:
				c.t.Errorf("Get returns %v", err)
			}
		}
		c.n++
		together(get, get, func() { c.v.Set(c.n) })
		if values.Load() != 1 {
			c.t.Errorf("%d Gets have got the value, %d intruded", values.Load(), intruders.Load())
		}
	})
}

// TestSweepLeavesTheLiving: what many Gets that gave up leave behind is swept. Those
// who wait among them must not be swept along, nor the channels.
func TestSweepLeavesTheLiving(t *testing.T) {
	const living, abandoned = 10, 300
	watchdog(t)
	noLeak(t)
	for range max(sized(100), 3) {
		synctest.Test(t, func(t *testing.T) {
			var v event.MemoryValue[int]
			var woken, gone sync.WaitGroup
			taken := v.Watch().Changed()
			for range living {
				leave(t, &v, abandoned/living)
				woken.Go(func() {
					w := v.Watch()
					defer w.Close()
					if got, err := w.Get(context.Background()); err != nil || got != 1 {
						t.Errorf("Get returns %d, %v, want 1", got, err)
					}
				})
			}
			leave(t, &v, abandoned)
			// A last lot comes and gives up while the Set comes, and so do its sweeps.
			for range 4 {
				gone.Go(func() {
					w := v.Watch()
					defer w.Close()
					for range abandoned / 4 {
						ctx, cancel := context.WithCancel(context.Background())
						gone.Go(cancel)
						_, _ = w.Get(ctx)
					}
				})
			}
			v.Set(1)
			woken.Wait()
			<-taken
			gone.Wait()
		})
	}
}

// TestSweepAgainstSet has just so many Gets give up that a sweep comes with those that come,
// and give up, together with the Set.
func TestSweepAgainstSet(t *testing.T) {
	const living, due = 50, 64
	watchdog(t)
	noLeak(t)
	get := func(ctx context.Context, v *event.MemoryValue[int]) {
		w := v.Watch()
		defer w.Close()
		if got, err := w.Get(ctx); (err != nil || got != 1) && (err == nil || err != ctx.Err()) {
			t.Errorf("Get returns %d, %v, want 1", got, err)
		}
	}
	for i := range min(rounds(), 20_000) {
		synctest.Test(t, func(t *testing.T) {
			var v event.MemoryValue[int]
			var waiting sync.WaitGroup
			for range living {
				waiting.Go(func() { get(context.Background(), &v) })
			}
			leave(t, &v, due-1-i%3)
			stays := func() { get(context.Background(), &v) }
			gives := func() { get(&momentary{Context: context.Background()}, &v) }
			set := func() { linger(20000); v.Set(1) } // It takes some time to come to a sweep.
			together(set, gives, gives, gives, stays, stays)
			waiting.Wait()
		})
	}
}

// A momentary context ends just after it has been asked, once, whether it has ended. A Get that
// finds nothing new is then on its place, and gives up at once.
type momentary struct {
	context.Context
	asked int
}

func (*momentary) Done() <-chan struct{} { return testkit.Closed }

func (m *momentary) Err() error {
	if m.asked++; m.asked > 1 {
		return context.Canceled
	}
	return nil
}

// leave has n watchers wait on v, which has no data, and give up.
func leave(t *testing.T, v *event.MemoryValue[int], n int) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			w := v.Watch()
			defer w.Close()
			if _, err := w.Get(ctx); err != context.Canceled {
				t.Errorf("Get returns %v, want its context's end", err)
			}
		})
	}
	synctest.Wait()
	cancel()
	all.Wait()
}
