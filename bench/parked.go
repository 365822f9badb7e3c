package bench

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"go.uber.org/atomic"
)

// SetParked is a Set with a number of parked watchers, and their wake-up.
// Before each Set all watchers wait and the other processors sleep.
var SetParked = Workload{
	Name:     "SetParked",
	Contexts: []string{ctxShared, ctxOwn},
	Watchers: []int{1, 10, 100, 1000, 10_000, 100_000, million},
	// A contender that ignores contexts is measured with one kind of context.
	suits: func(c Contender, a args) bool { return !c.IgnoresContext || a.context == ctxShared },
	iterations: func(a args) string {
		return fmt.Sprintf("%dx", max(3, min(50, 300_000/a.watchers)))
	},
	run: setParked,
}

func setParked(b *testing.B, c Contender, a args) {
	g := newGroup(b, c, a)
	calls := make([]time.Duration, b.N)
	lasts := make([]time.Duration, b.N)
	for i := range b.N {
		awaitSleep()
		calls[i], lasts[i] = g.set()
	}
	g.close()
	reportSets(b, calls, lasts)
}

// SetBusy is SetParked in a process with other work. Four goroutines for each
// processor compute all the time, so a watcher that is woken has to wait for a
// processor.
var SetBusy = Workload{
	Name:       "SetBusy",
	Contexts:   []string{ctxShared},
	Watchers:   []int{1000, 10_000},
	iterations: always("5x"),
	run: func(b *testing.B, c Contender, a args) {
		g := newGroup(b, c, a)
		stop := compute(4 * runtime.GOMAXPROCS(0))
		b.Cleanup(stop) // If a value is lost, the function does not reach its end.
		calls, lasts := make([]time.Duration, b.N), make([]time.Duration, b.N)
		for i := range b.N {
			time.Sleep(20 * time.Millisecond) // By then all watchers wait.
			calls[i], lasts[i] = g.set()
		}
		stop()
		g.close()
		reportSets(b, calls, lasts)
	},
}

// compute keeps n goroutines busy until stop is called. stop may be called more
// than once.
func compute(n int) (stop func()) {
	var stopped atomic.Bool
	for range n {
		go func() {
			for !stopped.Load() {
			}
		}()
	}
	return func() { stopped.Store(true) }
}

// reportSets reports the durations of the calls of Set, and the times until the
// last watcher had the value.
func reportSets(b *testing.B, calls, lasts []time.Duration) {
	slices.Sort(calls)
	slices.Sort(lasts)
	b.ReportMetric(quantile(calls, 0.5), "ns/set")
	b.ReportMetric(quantile(calls, 1), "worst-ns/set")
	b.ReportMetric(quantile(lasts, 0.5), "ns/last")
	b.ReportMetric(0, "ns/op")
}

// quantile returns the quantile q of a sorted sample, in nanoseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	return float64(sorted[int(q*float64(len(sorted)-1)+0.5)].Nanoseconds())
}
