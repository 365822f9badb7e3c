package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"
)

// Producers is Sets from several goroutines that set as fast as possible, while
// a thousand watchers get as many values as possible.
var Producers = Workload{
	Name:       "Producers",
	Watchers:   []int{1000},
	Producers:  []int{1, 2, 4, 8},
	iterations: always("50ms"),
	run: func(b *testing.B, c Contender, a args) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		v := c.New()
		followed := make([]followed, a.watchers)
		var watchers, producers sync.WaitGroup
		for i := range followed {
			watchers.Go(func() { followed[i] = follow(ctx, v) })
		}
		v.Set(opening)
		awaitIdle() // Each watcher has got the opening.
		b.ResetTimer()
		for i := range a.producers {
			producers.Go(func() {
				for n := i; n < b.N; n += a.producers {
					v.Set(int64(n) * stride)
				}
			})
		}
		producers.Wait()
		b.StopTimer()
		awaitIdle() // Each watcher has got the last value.
		for i := range int64(probes) {
			v.Set(probe - i)
			awaitIdle() // Each watcher has got the probe.
		}
		v.Set(farewell)
		watchers.Wait()
		got := 0
		for _, f := range followed {
			if err := f.check(b.N, a.producers, followed[0].last); err != nil {
				b.Fatal(err)
			}
			got += f.count - 1
		}
		b.ReportMetric(float64(got)/float64(b.N), "gets/set")
	},
}

// The first value of [Producers] is opening. Multiples of stride follow, of
// which watchers may skip many. Then there are a number of probes, from probe
// downwards. Each probe is set only when all watchers have the one before, so
// watchers must not skip any. The probes detect a contender that sometimes
// drops a Set. Any other value is wrong.
const (
	opening = 1
	stride  = 1009
	probe   = farewell - 1
	probes  = 16
)

// followed is a summary of the values that a watcher has got before farewell.
type followed struct {
	first, last int64
	count       int
	probes      int64
	wrong       bool // it got a value that was not set, or a probe out of order
	err         error
}

// follow gets values until farewell.
func follow(ctx context.Context, v Value[int64]) (f followed) {
	w := v.Watch()
	defer w.Close()
	for {
		val, err := w.Get(ctx)
		if val == farewell || err != nil {
			f.err = err
			return f
		}
		if val < farewell {
			f.wrong = f.wrong || val != probe-f.probes
			f.probes++
			continue
		}
		if f.count == 0 {
			f.first = val
		} else {
			f.wrong = f.wrong || val%stride != 0
		}
		f.last = val
		f.count++
	}
}

// check returns an error unless the watcher got the opening first, then only
// values that were set, and then each probe. The last value before the probes
// must be last, which all watchers share, and the last value of some producer.
// n is the number of Sets.
func (f followed) check(n, producers int, last int64) error {
	if f.first != opening || f.wrong || f.probes != probes || f.err != nil ||
		f.last != last || f.last/stride >= int64(n) || f.last/stride < int64(n-producers) {
		return fmt.Errorf("%d values of %d: first %d, last %d and %d, %d probes of %d, wrong %v, %v",
			f.count, n, f.first, f.last, last, f.probes, probes, f.wrong, f.err)
	}
	return nil
}

// Churn is [SetParked] for nine hundred watchers. At the same time, a hundred
// other watchers time out after 2.5 to 7.5 ms and wait again.
var Churn = Workload{
	Name:       "Churn",
	Contexts:   []string{ctxShared},
	Watchers:   []int{900},
	iterations: always("100x"),
	suits:      heeds,
	run: func(b *testing.B, c Contender, a args) {
		g := newGroup(b, c, a)
		// The timeout stops the restless watchers if a value is lost.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		restless := make(chan error, a.watchers/9)
		var gaveUp atomic.Int32
		for range cap(restless) {
			go func() { restless <- giveUp(ctx, g.value, &gaveUp) }()
		}
		calls, lasts := make([]time.Duration, b.N), make([]time.Duration, b.N)
		for i := range b.N {
			time.Sleep(3 * time.Millisecond)
			calls[i], lasts[i] = g.set()
		}
		cancel()
		g.close()
		for range cap(restless) {
			if err := <-restless; err != nil {
				b.Fatal(err)
			}
		}
		if b.N > 10 && gaveUp.Load() == 0 {
			b.Fatal("no watcher gave up")
		}
		reportSets(b, calls, lasts)
	},
}

// giveUp calls Get under one short-lived context after the other until ctx
// ends, and then waits for farewell. It returns an error unless each Get
// returns the error of its context or a newer value.
func giveUp(ctx context.Context, v Value[int64], gaveUp *atomic.Int32) error {
	w := v.Watch()
	defer w.Close()
	last := int64(0)
	get := func(ctx context.Context) (done bool, err error) {
		n, err := w.Get(ctx)
		switch {
		case err == nil && n > last:
			last = n
			return false, nil
		case err == nil && n == farewell:
			return true, nil
		case err != nil && err == ctx.Err():
			gaveUp.Add(1)
			return false, nil
		default:
			return true, fmt.Errorf("a watcher that had given up got %d after %d: %v", n, last, err)
		}
	}
	for ctx.Err() == nil {
		short, cancel := context.WithTimeout(ctx, time.Duration(2500+rand.IntN(5000))*time.Microsecond)
		for short.Err() == nil {
			if done, err := get(short); done {
				cancel()
				return err
			}
		}
		cancel()
	}
	for {
		if done, err := get(context.Background()); done {
			return err
		}
	}
}
