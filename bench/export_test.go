package bench

import (
	"testing"
	"time"
)

// EachSmall calls f for each cell of w with at most 1,000 watchers. Where all
// have more, it makes them that small.
func (w Workload) EachSmall(cs []Contender, f func(name string, run func(*testing.B))) {
	if len(w.Watchers) == 1 {
		w.Watchers = []int{min(w.Watchers[0], 1000)}
	}
	for _, c := range w.cells(cs) {
		if c.args.watchers <= 1000 {
			f(w.Name+"/"+c.name, func(b *testing.B) { w.measure(b, c) })
		}
	}
}

// HasOwn reports whether w has contenders of its own, which no test can replace.
func (w Workload) HasOwn() bool { return w.own != nil }

// SetPatience sets the longest duration of a run, until the test ends.
func SetPatience(t *testing.T, d time.Duration) {
	old := patience
	patience = d
	t.Cleanup(func() { patience = old })
}

// AwaitIdle returns when every goroutine but the caller's waits for something.
func AwaitIdle() { awaitIdle() }
