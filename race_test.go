package event_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// patience is how long a test may wait for what must happen: far longer than it takes
// on a busy machine. No test asserts that anything takes less.
const patience = 2 * time.Minute

// watchdog dumps all goroutines and ends the process if the test hangs: a lost wake-up
// shows itself by nothing happening any more.
func watchdog(t *testing.T) {
	t.Helper()
	dog := time.AfterFunc(patience, func() {
		dumpGoroutines()
		panic("watchdog: " + t.Name() + " hangs; the goroutines are above")
	})
	t.Cleanup(func() { dog.Stop() })
}

// dumpGoroutines prints the stacks of all goroutines, equal ones once.
func dumpGoroutines() { _ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1) }

// noLeak fails the test if there are more goroutines after it than before.
func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		if !eventually(func() bool { return runtime.NumGoroutine() <= before }) {
			dumpGoroutines()
			t.Errorf("%d goroutines before, now %d", before, runtime.NumGoroutine())
		}
	})
}

// eventually reports whether cond comes true. It is for what the runtime does in its own
// time: ending goroutines and collecting garbage. It counts garbage collections, because
// in a bubble the clock stands still for as long as something runs.
func eventually(cond func() bool) bool {
	for range 2000 {
		if cond() {
			return true
		}
		runtime.GC()
		runtime.Gosched()
	}
	return cond()
}

// sized returns n, or less where everything takes longer.
func sized(n int) int {
	if testkit.RaceEnabled {
		n /= 5
	}
	if testing.Short() {
		n /= 4
	}
	return max(n, 1)
}

// A mark is what the producers of a stress test set.
type mark struct {
	producer, seq int
	place         int  // In the order of all values, if they are published by Update.
	last          bool // Whether it is the final value.
}

// A stress is a number of producers and of watchers on one value.
type stress struct {
	producers, watchers int
	gets                int  // The producers go on until there were so many.
	update              bool // They Update instead of Set.

	v   event.MemoryValue[mark]
	got atomic.Int64 // The Gets so far.
}

// TestStress has producers and watchers at work on one value, the watchers with random
// timeouts, filters, closes and new watchers. Each sees the values of each producer, and the
// order of all, strictly forward; each gets to the final value, and then to the end.
func TestStress(t *testing.T) {
	for _, s := range []*stress{
		{producers: 1, watchers: 1, gets: 200_000},
		{producers: 2, watchers: 100, gets: 200_000},
		{producers: 2, watchers: 100, gets: 200_000, update: true},
		{producers: 4, watchers: 1_000, gets: 400_000},
		{producers: 4, watchers: 10_000, gets: 400_000},
		{producers: 4, watchers: 10_000, gets: 400_000, update: true},
	} {
		name := fmt.Sprintf("%dx%d,update=%v", s.producers, s.watchers, s.update)
		t.Run(name, func(t *testing.T) {
			watchdog(t)
			noLeak(t)
			s.run(t)
		})
	}
}

func (s *stress) run(t *testing.T) {
	errs := make(chan error, s.watchers)
	var producing, arriving, watching sync.WaitGroup
	arriving.Add(s.watchers)
	for range s.watchers {
		watching.Go(func() {
			o := &observer{s: s, seen: make([]int, s.producers), arrived: arriving.Done}
			if err := o.run(); err != nil {
				errs <- err
			}
		})
	}
	for p := range s.producers {
		producing.Go(func() {
			for seq := 1; int(s.got.Load()) < sized(s.gets); seq++ {
				s.publish(mark{producer: p, seq: seq})
				for range rand.IntN(4) {
					runtime.Gosched()
				}
			}
		})
	}
	producing.Wait()
	s.publish(mark{last: true})
	if !s.update {
		arriving.Wait() // No further Set is needed for that, and no Close.
	}
	require.NoError(t, s.v.Close())
	watching.Wait()
	close(errs)
	for err := range errs {
		t.Fatal(err)
	}
}

// publish makes m the newest value.
func (s *stress) publish(m mark) {
	if !s.update {
		s.v.Set(m)
		return
	}
	s.v.Update(func(old mark, _ bool) (mark, bool) {
		m.place = old.place + 1
		return m, true
	})
}

// An observer is one watching goroutine of a stress test. It outlives its watchers.
type observer struct {
	s       *stress
	w       event.Watcher[mark]
	fresh   bool  // w has not returned anything: it may return once more what the last did.
	seen    []int // The last sequence number of each producer,
	place   int   // and the last place,
	last    mark  // and the last value.
	arrived func()
}

func (o *observer) run() error {
	defer func() { o.arrived() }() // Also with an error: the test is not to hang.
	o.watch()
	defer func() { _ = o.w.Close() }()
	for {
		m, err := o.get()
		o.s.got.Add(1)
		switch {
		case err == nil:
			if err := o.check(m); err != nil {
				return err
			}
			if m.last {
				return o.end()
			}
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, event.BacklogDone):
		default:
			return err
		}
		if rand.IntN(50) == 0 {
			_ = o.w.Close()
			if _, err := o.w.Get(context.Background()); err != event.ErrWatcherClosed {
				return fmt.Errorf("after Close, Get returns %w", err)
			}
			o.watch()
		}
	}
}

func (o *observer) watch() { o.w, o.fresh = o.s.v.Watch(), true }

// get gets the next value in one of the ways there are.
func (o *observer) get() (mark, error) {
	ctx := context.Background()
	switch rand.IntN(6) {
	case 0:
		ctx, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(2000))*time.Microsecond)
		defer cancel()
		return o.w.Get(ctx)
	case 1:
		ctx, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(200))*time.Microsecond)
		defer cancel()
		return o.w.Get(ctx, event.Filter(odd))
	case 2:
		return o.w.Get(ctx, event.Filter(odd))
	case 3:
		<-o.w.Changed()
		return o.w.Get(ctx, event.BacklogOnly[mark]())
	case 4:
		return o.w.Get(ctx, event.BacklogOnly[mark](), event.Filter(odd))
	default:
		return o.w.Get(ctx)
	}
}

func odd(m mark) bool { return m.last || m.seq%2 == 1 }

// check checks that m is newer than everything before.
func (o *observer) check(m mark) error {
	repeated := o.fresh && m == o.last
	o.fresh = false
	if repeated || m.last {
		return nil
	}
	if last := o.seen[m.producer]; m.seq <= last {
		return fmt.Errorf("got number %d of producer %d after %d", m.seq, m.producer, last)
	}
	if o.s.update && m.place <= o.place {
		return fmt.Errorf("got value %d after %d", m.place, o.place)
	}
	o.seen[m.producer], o.place, o.last = m.seq, m.place, m
	return nil
}

// end waits for the value's end: after the final value there must be nothing else.
func (o *observer) end() error {
	o.arrived()
	o.arrived = func() {}
	for range 2 {
		if m, err := o.w.Get(context.Background()); err != event.ErrClosed {
			return fmt.Errorf("after the final value, Get returns %v, %w", m, err)
		}
	}
	return nil
}

// TestUpdateLosesNothing increments one counter by Update from many goroutines, among
// Updates that then leave it as it is: in the end all increments are there.
func TestUpdateLosesNothing(t *testing.T) {
	watchdog(t)
	noLeak(t)
	const goroutines = 8
	var v event.MemoryValue[int]
	w := v.Watch()
	defer w.Close()
	var all sync.WaitGroup
	n := sized(20_000)
	for range goroutines {
		all.Go(func() {
			for i := range n {
				v.Update(func(old int, _ bool) (int, bool) { return old + 1, true })
				if i%8 == 0 {
					v.Update(func(old int, _ bool) (int, bool) { return old + 1000, false })
				}
			}
		})
	}
	for got := 0; got < goroutines*n; {
		next, err := w.Get(context.Background())
		require.NoError(t, err)
		require.Greater(t, next, got)
		got = next
	}
	all.Wait()
	final, _ := v.Load()
	require.Equal(t, goroutines*n, final)
}

// rounds is how often each contest is run: 40,000 times, and 10,000 under the race detector; a
// quarter of that with -short. The dearest takes half of the former.
func rounds() int {
	n := 40_000
	if testkit.RaceEnabled {
		n = 10_000
	}
	if testing.Short() {
		n /= 4
	}
	return n
}

// together runs fs at the same time, as far as there are processors, and returns when all
// have returned. Each first waits a random moment: which of them is a little ahead is
// what decides how a race ends.
func together(fs ...func()) {
	var arrived atomic.Int32
	var all sync.WaitGroup
	processors, moment := runtime.GOMAXPROCS(0), 5_000
	if testkit.RaceEnabled {
		moment /= 5
	}
	run := func(f func()) {
		arrived.Add(1)
		for spins := 0; int(arrived.Load()) < min(len(fs), processors); spins++ {
			// To yield at once would let the others run here, one after another. A few
			// microseconds, and another processor has come for them, unless it is busy.
			if processors == 1 || spins > moment {
				runtime.Gosched()
			}
		}
		linger(200)
		f()
	}
	for _, f := range fs[1:] {
		all.Go(func() { run(f) })
	}
	run(fs[0])
	all.Wait()
}

// linger goes on for a random number of steps below n, of about a nanosecond.
func linger(n int) {
	var steps atomic.Int32
	for range rand.IntN(n) {
		steps.Load()
	}
}

// TestUpdateAgainstSet counts what Updates publish on top of each Set: each
// increment that Update reports is there exactly once.
func TestUpdateAgainstSet(t *testing.T) {
	watchdog(t)
	type state struct{ set, count int }
	var v event.MemoryValue[state]
	for i := range rounds() {
		var a, b state
		inc := func(old state, _ bool) (state, bool) { return state{old.set, old.count + 1}, true }
		v.Set(state{set: -i})
		together(
			func() { a, _ = v.Update(inc) },
			func() { b, _ = v.Update(inc) },
			func() { v.Set(state{set: i + 1}) },
		)
		if a == b {
			t.Fatalf("two Updates published %v", a)
		}
		onTop := 0
		for _, s := range []state{a, b} {
			if s.set == i+1 {
				onTop++
			}
		}
		if got, _ := v.Load(); got != (state{i + 1, onTop}) {
			t.Fatalf("%d Updates came after the Set, the value is %v", onTop, got)
		}
	}
}

// The tests below that begin with a contest run a Get that finds nothing new
// against the calls that must end it, many times, each time a little apart. In
// most rounds one call is over before the other begins. Only the rounds in which
// the calls overlap test anything.

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

func TestDiamondSettlesOnAConsistentPair(t *testing.T) {
	watchdog(t)
	var v event.MemoryValue[int]
	view := event.Combine(event.Map(&v, func(n int) int { return n }), event.Map(&v, func(n int) int { return -n }), paired)
	n := sized(50_000)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			w := view.Watch()
			defer w.Close()
			var last pair
			for last.a < n || last.b > -n {
				p, err := w.Get(t.Context())
				if err != nil || p.a < last.a || p.b > last.b || p == last {
					t.Errorf("%v after %v: %v", p, last, err)
					return
				}
				last = p
			}
		})
	}
	for i := range n {
		v.Set(i + 1)
	}
	all.Wait()
}

// TestWatchersIsExact has watchers come and go, also while it is asked for first.
func TestWatchersIsExact(t *testing.T) {
	watchdog(t)
	for range sized(2000) {
		var v event.MemoryValue[int]
		stay := make([]event.Watcher[int], 3)
		var asked [2]event.ValueWatch[int]
		together(
			func() { stay[0] = v.Watch() },
			func() { _ = v.Watch().Close(); stay[1] = v.Watch() },
			func() { asked[0] = v.Watchers(); stay[2] = v.Watch() },
			func() { asked[1] = v.Watchers() },
		)
		for _, a := range asked {
			has(t, a.Watch(), len(stay))
		}
		var all sync.WaitGroup
		for _, w := range stay {
			all.Go(func() { _ = w.Close() })
			all.Go(func() { _ = w.Close() })
		}
		all.Wait()
		has(t, asked[0].Watch(), 0)
	}
}
