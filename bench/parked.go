package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"
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
