package event_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

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
