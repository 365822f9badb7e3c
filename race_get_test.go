package event_test

import (
	"context"
	"sync"
	"testing"

	"github.com/eventvalue/event"
)

// The tests of this file and the next run a Get that finds nothing new against what should
// end it, many times, each time a little apart. In most rounds the one is over before
// the other begins; what counts are those in which they meet.

// A contest is a value with a watcher that has seen what there is.
type contest struct {
	t *testing.T
	v event.MemoryValue[int]
	w event.Watcher[int]
	n int // What was set last.
}

func newContest(t *testing.T) *contest {
	t.Helper()
	watchdog(t)
	noLeak(t)
	c := &contest{t: t}
	c.w = c.v.Watch()
	t.Cleanup(func() { _ = c.w.Close() })
	c.renew()
	return c
}

// set sets the next number.
func (c *contest) set() {
	c.n++
	c.v.Set(c.n)
}

// renew sets the next number and has the watcher see it.
func (c *contest) renew() {
	c.t.Helper()
	c.set()
	c.gets(context.Background(), c.n)
}

// gets fails the test unless a Get returns want.
func (c *contest) gets(ctx context.Context, want int, opts ...event.GetOption[int]) {
	c.t.Helper()
	if got, err := c.w.Get(ctx, opts...); err != nil || got != want {
		c.t.Fatalf("Get returns %d, %v, want %d", got, err, want)
	}
}

// contextOf returns what a Get of round i is to wait under: a context that the watcher
// knows, one that it does not, or one that never ends. It waits for each in another way.
func contextOf(i int, known context.Context) (context.Context, context.CancelFunc) {
	switch i % 4 {
	case 0:
		return context.WithCancel(context.Background())
	case 1:
		return context.Background(), func() {}
	default:
		return known, func() {}
	}
}

func TestGetAgainstSet(t *testing.T) {
	c := newContest(t)
	known, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range rounds() {
		ctx, cancel := contextOf(i, known)
		together(
			func() {
				if got, err := c.w.Get(ctx); err != nil || got != i+2 {
					t.Errorf("Get returns %d, %v, want %d", got, err, i+2)
				}
			},
			c.set,
		)
		cancel()
		if t.Failed() {
			return
		}
	}
}

func TestGetAgainstTwoSets(t *testing.T) {
	c := newContest(t)
	known, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range rounds() {
		ctx, cancel := contextOf(i, known)
		var got int
		var err error
		a, b := c.n+1, c.n+2
		together(
			func() { got, err = c.w.Get(ctx) },
			func() { c.v.Set(a) },
			func() { c.v.Set(b) },
		)
		cancel()
		if err != nil || got != a && got != b {
			t.Fatalf("Get returns %d, %v, want %d or %d", got, err, a, b)
		}
		// The last of the two, whichever that is, is seen now or was before.
		last, _ := c.v.Load()
		if got != last {
			c.gets(context.Background(), last)
		}
		if got, err := c.w.Get(context.Background(), event.BacklogOnly[int]()); err != event.BacklogDone {
			t.Fatalf("Get returns %d, %v after all was seen", got, err)
		}
		c.n = b
	}
}

// TestFilteredGetAgainstTwoSets has a Filter reject what is set on the way.
func TestFilteredGetAgainstTwoSets(t *testing.T) {
	c := newContest(t)
	known, cancel := context.WithCancel(context.Background())
	defer cancel()
	positive := event.Filter(func(n int) bool { return n > 0 })
	for i := range rounds() {
		ctx, cancel := contextOf(i, known)
		var got int
		var err error
		want := c.n + 1
		together(
			func() { got, err = c.w.Get(ctx, positive) },
			func() { c.v.Set(-want); c.set() },
			func() { c.v.Update(func(n int, _ bool) (int, bool) { return -want, n != want }) },
		)
		cancel()
		if err != nil || got != want {
			t.Fatalf("Get returns %d, %v, want %d", got, err, want)
		}
	}
}

func TestGetAgainstValueClose(t *testing.T) {
	watchdog(t)
	noLeak(t)
	known, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range rounds() {
		ctx, cancel := contextOf(i, known)
		var v event.MemoryValue[int]
		w := v.Watch()
		last := 0
		together(
			func() {
				n, err := 0, error(nil)
				for ; err == nil; n, err = w.Get(ctx) {
					last = max(last, n)
				}
				if err != event.ErrClosed {
					t.Errorf("Get returns %v, want the value's end", err)
				}
			},
			func() { v.Set(1); _ = v.Close() },
		)
		cancel()
		_ = w.Close()
		if final, _ := v.Load(); final != 1 || last != 1 {
			t.Fatalf("the final value is %d, the watcher got %d", final, last)
		}
	}
}

func TestGetAgainstSetAndValueClose(t *testing.T) {
	watchdog(t)
	noLeak(t)
	for range rounds() {
		var v event.MemoryValue[int]
		v.Set(1)
		w := v.Watch()
		last := 0
		together(
			func() {
				n, err := 0, error(nil)
				for ; err == nil; n, err = w.Get(context.Background()) {
					last = n
				}
				if err != event.ErrClosed {
					t.Errorf("Get returns %v, want the value's end", err)
				}
			},
			func() { v.Set(2) },
			func() { _ = v.Close() },
		)
		_ = w.Close()
		// The Set was dropped or is the final value, and nobody missed it.
		if final, _ := v.Load(); last != final {
			t.Fatalf("the final value is %d, the watcher got %d", final, last)
		}
	}
}

func TestGetAgainstWatcherClose(t *testing.T) {
	watchdog(t)
	noLeak(t)
	known, cancel := context.WithCancel(context.Background())
	defer cancel()
	var v event.MemoryValue[int]
	for i := range rounds() {
		ctx, cancel := contextOf(i, known)
		w := v.Watch()
		var got int
		var err error
		fs := []func(){
			func() {
				for err == nil {
					got, err = w.Get(ctx)
				}
			},
			func() { _ = w.Close() },
			func() { v.Set(i) },
		}
		together(fs[:2+i%2]...)
		cancel()
		if err != event.ErrWatcherClosed {
			t.Fatalf("Get returns %d, %v, want the watcher's end", got, err)
		}
	}
}

func TestChangedAgainstSet(t *testing.T) {
	c := newContest(t)
	others := make([]event.Watcher[int], 6)
	for i := range others {
		others[i] = c.v.Watch()
		defer others[i].Close()
	}
	for range rounds() {
		want := c.n + 1
		var next <-chan struct{}
		together(
			func() {
				<-c.w.Changed()
				next = c.w.Changed()
				// The Set is before the close in the memory model.
				if got, _ := c.v.Load(); got != want {
					t.Errorf("Changed is closed and Load returns %d, want %d", got, want)
				}
			},
			c.set,
			// So many takers that the close is handed off, sometimes.
			func() {
				for _, w := range others {
					w.Changed()
				}
			},
		)
		<-next // Something is unseen.
		c.gets(context.Background(), c.n, event.BacklogOnly[int]())
		for _, w := range others {
			_, _ = w.Get(context.Background())
		}
		select {
		case <-c.w.Changed():
			t.Error("Changed is closed though all was seen")
		default:
		}
		if t.Failed() {
			return
		}
	}
}

// TestManyGetsAgainstSet has more watchers wait than a Set wakes by itself.
func TestManyGetsAgainstSet(t *testing.T) {
	watchdog(t)
	noLeak(t)
	const watchers = 10
	var v event.MemoryValue[int]
	n := rounds()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var round, all sync.WaitGroup
	round.Add(watchers)
	start := make([]chan struct{}, watchers)
	for i := range watchers {
		start[i] = make(chan struct{}, 1)
		all.Go(func() {
			w := v.Watch()
			defer w.Close()
			for want := 1; want <= n; want++ {
				<-start[i]
				if got, err := w.Get(ctx); err != nil || got != want {
					t.Errorf("Get returns %d, %v, want %d", got, err, want)
				}
				round.Done()
			}
		})
	}
	for i := 1; i <= n; i++ {
		for _, c := range start {
			c <- struct{}{}
		}
		v.Set(i)
		round.Wait()
		round.Add(watchers)
	}
	all.Wait()
}
