package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// SetParked is a Set that finds a number of watchers parked, and what follows from it. Before each,
// all wait and the processors sleep.
var SetParked = Workload{
	Name:     "SetParked",
	Contexts: []string{ctxShared, ctxOwn},
	Watchers: []int{1, 10, 100, 1000, 10_000, 100_000, million},
	// Contexts of their own are of no interest to those who ignore them.
	suits: func(c Contender, a args) bool { return !c.IgnoresContext || a.context == ctxShared },
	iterations: func(a args) string {
		return fmt.Sprintf("%dx", max(3, min(100, 300_000/a.watchers)))
	},
	run: func(b *testing.B, c Contender, a args) { setParked(b, c, a, awaitSleep) },
}

// SetCold is SetParked with cold caches: before each Set, more memory is written than they hold. It
// shows what the number of watchers costs a Set call that finds nothing in a cache anyway.
var SetCold = Workload{
	Name:       "SetCold",
	Contexts:   []string{ctxShared},
	Watchers:   []int{100, 100_000},
	suits:      func(c Contender, _ args) bool { return c.Name == "event" },
	iterations: always("10x"),
	run: func(b *testing.B, c Contender, a args) {
		memory := make([]byte, 128<<20)
		setParked(b, c, a, func() {
			awaitSleep()
			for i := 0; i < len(memory); i += 64 {
				memory[i]++
			}
		})
	},
}

// setParked makes a crowd and measures Sets, each of which comes after what prepare does.
func setParked(b *testing.B, c Contender, a args, prepare func()) {
	crowd := newCrowd(b, c, a)
	calls := make([]time.Duration, b.N)
	lasts := make([]time.Duration, b.N)
	for i := range b.N {
		prepare()
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
