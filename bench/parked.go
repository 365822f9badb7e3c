package bench

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"go.uber.org/atomic"
)

// SetParked is a Set that finds a number of watchers parked, and what follows from it. Before each,
// all wait and the other processors sleep.
var SetParked = Workload{
	Name:     "SetParked",
	Contexts: []string{ctxShared, ctxOwn},
	Watchers: []int{1, 10, 100, 1000, 10_000, 100_000, million},
	// Contexts of their own are of no interest to those who ignore them.
	suits: func(c Contender, a args) bool { return !c.IgnoresContext || a.context == ctxShared },
	iterations: func(a args) string {
		return fmt.Sprintf("%dx", max(3, min(50, 300_000/a.watchers)))
	},
	run: setParked,
}

func setParked(b *testing.B, c Contender, a args) {
	crowd := newCrowd(b, c, a)
	calls := make([]time.Duration, b.N)
	lasts := make([]time.Duration, b.N)
	for i := range b.N {
		awaitSleep()
		calls[i], lasts[i] = crowd.set()
	}
	crowd.disperse()
	reportSets(b, calls, lasts)
}

// SetBusy is SetParked for those who have little to do in a process that has a lot: four goroutines for each
// processor compute, and do nothing else, so that whoever is woken has to get his turn.
var SetBusy = Workload{
	Name:       "SetBusy",
	Contexts:   []string{ctxShared},
	Watchers:   []int{1000, 10_000},
	iterations: always("5x"),
	run: func(b *testing.B, c Contender, a args) {
		crowd := newCrowd(b, c, a)
		stop := compute(4 * runtime.GOMAXPROCS(0))
		b.Cleanup(stop) // If a value gets lost, nobody comes to the end.
		calls, lasts := make([]time.Duration, b.N), make([]time.Duration, b.N)
		for i := range b.N {
			time.Sleep(20 * time.Millisecond) // By then all wait.
			calls[i], lasts[i] = crowd.set()
		}
		stop()
		crowd.disperse()
		reportSets(b, calls, lasts)
	},
}

// compute keeps n goroutines busy until it is told to stop, once or more.
func compute(n int) (stop func()) {
	var over atomic.Bool
	for range n {
		go func() {
			for !over.Load() {
			}
		}()
	}
	return func() { over.Store(true) }
}

// reportSets reports how long the calls of Set took and after what time the last watchers had
// the values.
func reportSets(b *testing.B, calls, lasts []time.Duration) {
	slices.Sort(calls)
	slices.Sort(lasts)
	b.ReportMetric(quantile(calls, 0.5), "ns/set")
	b.ReportMetric(quantile(calls, 1), "worst-ns/set")
	b.ReportMetric(quantile(lasts, 0.5), "ns/last")
	b.ReportMetric(0, "ns/op")
}

// quantile returns one of a sorted sample's durations, in nanoseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	return float64(sorted[int(q*float64(len(sorted)-1)+0.5)].Nanoseconds())
}
