package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// Quantiles are the quantiles that Latency reports, with the units of
// QuantileUnit.
var Quantiles = []float64{0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999}

// Latency is the time from the beginning of a Set until a watcher has the
// value. It is measured for a thousand watchers, with 10 ms from one Set to the
// next.
var Latency = Workload{
	Name:       "Latency",
	Contexts:   []string{ctxShared},
	Watchers:   []int{1000},
	iterations: always("50x"),
	run: func(b *testing.B, c Contender, a args) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		m := &meter{b: b, value: c.New(), epoch: time.Now(), begun: make([]time.Duration, b.N+warmUp)}
		samples := make([][]sample, a.watchers)
		var members sync.WaitGroup
		for i := range samples {
			members.Go(func() { samples[i] = m.follow(ctx) })
		}
		for i := range m.begun {
			time.Sleep(10 * time.Millisecond)
			m.begun[i] = time.Since(m.epoch)
			m.value.Set(int64(i))
		}
		awaitIdle()
		m.value.Set(farewell)
		members.Wait()

		all := m.durations(slices.Concat(samples...), a.watchers)
		slices.Sort(all)
		for _, q := range Quantiles {
			b.ReportMetric(quantile(all, q), QuantileUnit(q))
		}
		b.ReportMetric(float64(len(all))/float64(b.N), "gets/set")
		b.ReportMetric(0, "ns/op")
	},
}

// QuantileUnit returns the name of a quantile of a duration.
func QuantileUnit(q float64) string { return fmt.Sprintf("p%.6g-ns", 100*q) }

// warmUp is the number of values at the beginning that Latency ignores.
const warmUp = 2

// A meter measures the latencies of values. The value is the number of a Set.
type meter struct {
	b     *testing.B
	value Value[int64]
	epoch time.Time
	// begun has the time at which each Set began. Only the contender orders the
	// accesses to it.
	begun []time.Duration
}

// A sample is the latency of the value of one Set at one watcher.
type sample struct {
	set  int64
	took time.Duration
}

// durations returns the latencies of all values except the first ones. It fails
// unless nearly every value arrived at some watcher, and at least half of all
// values at the watchers on average. A correct contender fulfils both
// conditions at this rate, even if watchers skip some values on a busy machine.
func (m *meter) durations(samples []sample, watchers int) []time.Duration {
	arrived := make([]bool, len(m.begun))
	took := make([]time.Duration, 0, len(samples))
	for _, s := range samples {
		arrived[s.set] = true
		if s.set >= warmUp {
			took = append(took, s.took)
		}
	}
	lost := 0
	for _, ok := range arrived {
		if !ok {
			lost++
		}
	}
	if n := (len(m.begun) - warmUp) * watchers; lost > max(1, len(arrived)/20) || 2*len(took) < n || len(took) > n {
		m.b.Fatalf("%d values of %d arrived at no watcher, and the watchers got %d of %d", lost, len(arrived), len(took), n)
	}
	return took
}

// follow gets all values until farewell and returns their latencies.
func (m *meter) follow(ctx context.Context) []sample {
	w := m.value.Watch()
	defer w.Close()
	samples := make([]sample, 0, len(m.begun))
	for last := int64(-1); ; {
		n, err := w.Get(ctx)
		now := time.Since(m.epoch)
		if n == farewell && err == nil && last == int64(len(m.begun))-1 {
			break
		}
		if n <= last || n >= int64(len(m.begun)) || m.begun[n] == 0 || err != nil {
			m.b.Error("got", n, err, "after", last)
			break
		}
		samples = append(samples, sample{n, now - m.begun[n]})
		last = n
	}
	return samples
}
