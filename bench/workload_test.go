package bench_test

import (
	"context"
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/bench"
	"github.com/eventvalue/event/internal/testkit"
)

// benchtime makes testing.Benchmark run as long as d says.
func benchtime(t *testing.T, d string) {
	f := flag.Lookup("test.benchtime")
	old := f.Value.String()
	require.NoError(t, f.Value.Set(d))
	t.Cleanup(func() { assert.NoError(t, f.Value.Set(old)) })
}

// measure is testing.Benchmark, and reports whether it has failed, which the
// result does not say if that was not at once.
func measure(run func(*testing.B)) (r testing.BenchmarkResult, failed bool) {
	r = testing.Benchmark(func(b *testing.B) {
		defer func() { failed = failed || b.Failed() }()
		run(b)
	})
	return r, failed
}

func assertFails(t *testing.T, run func(*testing.B)) {
	_, failed := measure(run)
	assert.True(t, failed, "it does not fail")
}

// TestWorkloads runs each workload for each contender, a little.
func TestWorkloads(t *testing.T) {
	benchtime(t, "3x")
	for _, w := range bench.Workloads() {
		w.EachSmall(bench.Contenders(), func(name string, run func(*testing.B)) {
			t.Run(name, func(t *testing.T) {
				r, failed := measure(run)
				assert.False(t, failed)
				assert.Equal(t, 3, r.N)
				for unit, value := range r.Extra {
					assert.False(t, value < 0, "%s: %v", unit, value)
				}
			})
		})
	}
}

// TestWorkloadsCheckValues shows that no workload measures a contender whose
// values do not arrive as they were set.
func TestWorkloadsCheckValues(t *testing.T) {
	if testkit.RaceEnabled {
		t.Skip("who gets the wrong value looks for its time where that is just being written")
	}
	benchtime(t, "3x")
	wrong := []bench.Contender{{Name: "event", New: newWrong}}
	for _, w := range bench.Workloads() {
		if w.Name == bench.Calibrate.Name || w.HasOwn() {
			continue
		}
		w.EachSmall(wrong, func(name string, run func(*testing.B)) {
			t.Run(name, func(t *testing.T) {
				assertFails(t, run)
			})
		})
	}
}

// TestWorkloadsNoticeLostValues shows that no workload measures a contender
// that loses values.
func TestWorkloadsNoticeLostValues(t *testing.T) {
	benchtime(t, "3x")
	bench.SetPatience(t, 500*time.Millisecond) // All of it is used up only by those that wait for a lost value.
	lossy := []bench.Contender{{Name: "event", New: newLossy}}
	for _, w := range bench.Workloads() {
		if w.Name == bench.Calibrate.Name || w.HasOwn() {
			continue
		}
		first := true
		w.EachSmall(lossy, func(name string, run func(*testing.B)) {
			if !first {
				return
			}
			first = false
			t.Run(name, func(t *testing.T) {
				assertFails(t, run)
			})
		})
	}
}

// TestWorkloadsNoticeRareLosses shows that a contender which loses each tenth
// of what is set is not measured where each value has to come, or nearly.
func TestWorkloadsNoticeRareLosses(t *testing.T) {
	bench.SetPatience(t, time.Second)
	rare := []bench.Contender{{Name: "event", New: func() bench.Value[int64] {
		return &rarelyLossyValue{Value: bench.NewEvent[int64]()}
	}}}
	for _, c := range []struct {
		workload bench.Workload
		times    string
	}{
		{bench.SetGet, "20x"},
		{bench.RoundTrip, "20x"},
		{bench.SetParked, "20x"},
		{bench.SetBusy, "20x"},
		{bench.Latency, "50x"},
		{bench.Producers, "20x"},
		{bench.Churn, "20x"},
	} {
		benchtime(t, c.times)
		c.workload.EachSmall(rare, func(name string, run func(*testing.B)) {
			if !strings.Contains(name, "ctx=own") {
				t.Run(name, func(t *testing.T) { assertFails(t, run) })
			}
		})
	}
}

// TestNobodyComputesAfterALoss shows that what keeps the processors busy ends
// with the run that lost a value: else this hangs, and what is measured after
// it is wrong.
func TestNobodyComputesAfterALoss(t *testing.T) {
	benchtime(t, "20x")
	bench.SetPatience(t, time.Second)
	rare := bench.Contender{Name: "event", New: func() bench.Value[int64] {
		return &rarelyLossyValue{Value: bench.NewEvent[int64]()}
	}}
	bench.SetBusy.EachSmall([]bench.Contender{rare}, func(_ string, run func(*testing.B)) {
		assertFails(t, run)
		bench.AwaitIdle()
	})
}

// A rarelyLossyValue loses each tenth value, but not the last.
type rarelyLossyValue struct {
	bench.Value[int64]
	sets atomic.Int32
}

func (v *rarelyLossyValue) Set(val int64) {
	if val == -1 || v.sets.Inc()%10 != 0 {
		v.Value.Set(val)
	}
}

// TestCrowdsCheckEachWatcher shows that a contender is not measured if half of
// its watchers get everything twice and the others nothing, or if who has once
// given up gets nothing any more.
func TestCrowdsCheckEachWatcher(t *testing.T) {
	benchtime(t, "20x")
	bench.SetPatience(t, 5*time.Second)
	for name, wrong := range map[string]func() bench.Value[int64]{
		"half": func() bench.Value[int64] { return &halfValue{Value: bench.NewEvent[int64]()} },
		"dead": func() bench.Value[int64] { return mortalValue{bench.NewEvent[int64]()} },
	} {
		for _, w := range []bench.Workload{bench.SetParked, bench.SetBusy, bench.Churn} {
			if name == "dead" && w.Name != bench.Churn.Name {
				continue // Nobody gives up there.
			}
			w.EachSmall([]bench.Contender{{Name: "event", New: wrong}}, func(cell string, run func(*testing.B)) {
				if !strings.HasSuffix(cell, "watchers=1") {
					t.Run(name+"/"+cell, func(t *testing.T) { assertFails(t, run) })
				}
			})
		}
	}
}

// The watchers of a halfValue get, by turns, everything twice and nothing but
// the last, but for what comes from the first two Sets.
type halfValue struct {
	bench.Value[int64]
	watchers atomic.Int32
}

func (v *halfValue) Watch() bench.Watcher[int64] {
	if v.watchers.Inc()%2 == 0 {
		return &deafWatcher{v.Value.Watch()}
	}
	return &doubleWatcher{Watcher: v.Value.Watch()}
}

type deafWatcher struct{ bench.Watcher[int64] }

func (w *deafWatcher) Get(ctx context.Context, opts ...event.GetOption[int64]) (int64, error) {
	for {
		if val, err := w.Watcher.Get(ctx, opts...); val <= 2 || err != nil {
			return val, err
		}
	}
}

type doubleWatcher struct {
	bench.Watcher[int64]
	last  int64
	again bool
}

func (w *doubleWatcher) Get(ctx context.Context, opts ...event.GetOption[int64]) (val int64, err error) {
	if w.again {
		w.again = false
		return w.last, nil
	}
	if val, err = w.Watcher.Get(ctx, opts...); val > 2 && err == nil {
		w.last, w.again = val, true
	}
	return val, err
}

// The watchers of a mortalValue return nothing but an error once their context
// has ended.
type mortalValue struct{ bench.Value[int64] }

func (v mortalValue) Watch() bench.Watcher[int64] { return &mortalWatcher{Watcher: v.Value.Watch()} }

type mortalWatcher struct {
	bench.Watcher[int64]
	err error
}

func (w *mortalWatcher) Get(ctx context.Context, opts ...event.GetOption[int64]) (int64, error) {
	if w.err != nil {
		return 0, w.err
	}
	val, err := w.Watcher.Get(ctx, opts...)
	w.err = err
	return val, err
}

// TestGetChecksEachWatcher shows that a GetAll which leaves out most watchers
// is not measured.
func TestGetChecksEachWatcher(t *testing.T) {
	benchtime(t, "3x")
	lazy := []bench.Contender{{Name: "event", New: func() bench.Value[int64] { return lazyValue{bench.NewEvent[int64]()} }}}
	bench.Get.EachSmall(lazy, func(_ string, run func(*testing.B)) {
		assertFails(t, run)
	})
}

// A lazyValue gets what some of the watchers return, and takes it for what all
// do.
type lazyValue struct{ bench.Value[int64] }

func (v lazyValue) GetAll(ctx context.Context, ws []bench.Watcher[int64], vals []int64) error {
	for i := range vals {
		vals[i] = 0
	}
	for _, i := range slices.Compact([]int{0, len(ws) / 2, len(ws) - 1}) {
		if err := v.Value.GetAll(ctx, ws[i:i+1], vals[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// newLossy returns a value that loses the first of what is set, the third, and
// so on, and the last of several; but nothing negative, by which workloads end.
func newLossy() bench.Value[int64] { return &lossyValue{Value: bench.NewEvent[int64]()} }

type lossyValue struct {
	bench.Value[int64]
	sets atomic.Int32
}

func (v *lossyValue) Set(val int64) {
	if val < 0 || v.sets.Inc()%2 == 0 {
		v.Value.Set(val)
	}
}

func (v *lossyValue) SetAll(vals []int64) { v.Value.SetAll(vals[:len(vals)-1]) }

func (v *lossyValue) Load() (int64, bool) { return v.Value.(bench.Loader[int64]).Load() }

func (v *lossyValue) LoadAll(pb *testing.PB) (int64, bool) {
	return v.Value.(bench.Loader[int64]).LoadAll(pb)
}

// newWrong returns a value that others are got from than were set to it, but
// for negative ones, by which workloads end.
func newWrong() bench.Value[int64] { return wrongValue{bench.NewEvent[int64]()} }

type wrongValue struct{ bench.Value[int64] }

func (v wrongValue) Watch() bench.Watcher[int64] { return wrongWatcher{v.Value.Watch()} }

func (v wrongValue) GetAll(ctx context.Context, ws []bench.Watcher[int64], vals []int64) (err error) {
	for i, w := range ws {
		vals[i], err = w.Get(ctx)
	}
	return err
}

func (v wrongValue) Load() (int64, bool) {
	val, ok := v.Value.(bench.Loader[int64]).Load()
	return val + 1, ok
}

func (v wrongValue) LoadAll(pb *testing.PB) (int64, bool) {
	val, ok := v.Value.(bench.Loader[int64]).LoadAll(pb)
	return val + 1, ok
}

type wrongWatcher struct{ bench.Watcher[int64] }

func (w wrongWatcher) Get(ctx context.Context, opts ...event.GetOption[int64]) (int64, error) {
	val, err := w.Watcher.Get(ctx, opts...)
	if val >= 0 {
		val++
	}
	return val, err
}
