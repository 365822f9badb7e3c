package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"sync"
	"time"
)

// A monitor watches a run and prints its progress.
type monitor struct {
	s    *soak
	out  *screen
	heap []uint64 // reachable bytes at the last collection, one sample a second
	late map[*follower]lateness

	// These fields describe the last line.
	lines time.Time // when it was written
	sets  uint64    // number of Sets
	got   uint64    // number of Gets
}

// A lateness is a wait that should have ended.
type lateness struct {
	wait  uint64
	since time.Time
}

func newMonitor(s *soak, out *screen) *monitor {
	return &monitor{s: s, out: out, late: make(map[*follower]lateness), lines: s.begin}
}

// tick is the time between two checks of the monitor.
const tick = time.Second

// watch returns when the time is up, when the run is interrupted, or when there
// is a violation. It returns the violation, or "".
func (m *monitor) watch(interrupted <-chan os.Signal) (violation string) {
	up := time.NewTimer(m.s.duration)
	defer up.Stop()
	// If a number of Gets ends the run, the number is checked often.
	often := tick
	if m.s.gets > 0 {
		often = tick / 100
	}
	ticks := time.NewTicker(often)
	defer ticks.Stop()
	for {
		select {
		case violation := <-m.s.failed:
			return violation
		case <-interrupted:
			return ""
		case <-up.C:
			return ""
		case <-ticks.C:
		}
		if m.s.gets > 0 && m.s.got.Load() >= m.s.gets {
			return ""
		}
		m.sample()
		if violation := m.overdue(); violation != "" {
			return violation
		}
	}
}

// awaitFollowers waits until all followers have returned. All values are
// closed, so they must.
func (m *monitor) awaitFollowers(watching *sync.WaitGroup) (violation string) {
	ended := make(chan struct{})
	go func() { watching.Wait(); close(ended) }()
	for {
		select {
		case violation := <-m.s.failed:
			return violation
		case <-ended:
			return ""
		case <-time.After(tick):
		}
		if violation := m.overdue(); violation != "" {
			return violation
		}
	}
}

// overdue returns a violation if a follower has been waiting for too long
// without a reason.
func (m *monitor) overdue() string {
	for _, f := range m.s.followers {
		wait, why := f.overdue()
		if why == "" {
			delete(m.late, f)
			continue
		}
		l, known := m.late[f]
		if !known || l.wait != wait {
			m.late[f] = lateness{wait, time.Now()}
		} else if d := time.Since(l.since); d > m.s.patience {
			return fmt.Sprintf("a follower has been waiting for %v %s", d.Round(tick), why)
		}
	}
	return ""
}

// read returns the number of reachable bytes and the number of goroutines.
func read() (heap, goroutines uint64) {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/sched/goroutines:goroutines"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}

// sample records a sample of the heap. It prints a line if the last line is old
// enough.
func (m *monitor) sample() {
	heap, goroutines := read()
	m.heap = append(m.heap, heap)
	since := time.Since(m.lines)
	if since < m.out.every {
		return
	}
	sets, got := m.s.sets.Load(), m.s.got.Load()
	rate := func(n uint64) float64 { return float64(n) / since.Seconds() }
	m.out.line("%7v  %8.0f sets/s  %8.0f gets/s  p50 %-8v p99 %-8v p99.9 %-8v heap %5.1f MB  %d goroutines  %d late",
		time.Since(m.s.begin).Round(time.Second), rate(sets-m.sets), rate(got-m.got),
		m.s.latency.quantile(0.5), m.s.latency.quantile(0.99), m.s.latency.quantile(0.999),
		float64(heap)/1e6, goroutines, len(m.late))
	m.sets, m.got, m.lines = sets, got, time.Now()
}

// judge checks the goroutines and the heap after all followers have returned.
func (m *monitor) judge(before int) (violation string) {
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 1000 {
			_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
			return fmt.Sprintf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
		runtime.GC()
		runtime.Gosched()
	}
	if early, late, ok := m.flat(); !ok {
		return fmt.Sprintf("the heap has grown from %d to %d bytes", early, late)
	}
	return ""
}

// flat reports whether the heap has not grown. It compares the medians of the
// second and the last quarter of the run. It reports true for a short run,
// which has too few collections.
func (m *monitor) flat() (early, late uint64, ok bool) {
	n := len(m.heap)
	if n < 40 {
		return 0, 0, true
	}
	median := func(of []uint64) uint64 { return slices.Sorted(slices.Values(of))[len(of)/2] }
	early, late = median(m.heap[n/4:n/2]), median(m.heap[n-n/4:])
	return early, late, late < early+early/5+2<<20
}

// verdict prints a summary and the verdict. It reports whether there was no
// violation.
func (m *monitor) verdict(violation string) bool {
	s := m.s
	early, late, _ := m.flat()
	m.out.lastLine("%v: %d sets, %d gets, %d given up, %d watchers, %d values closed; latency p50 %v, p99 %v, p99.9 %v; heap %.1f MB early, %.1f MB late",
		time.Since(s.begin).Round(time.Second), s.sets.Load(), s.got.Load(), s.gaveUp.Load(), s.rewatched.Load(), s.replaced.Load(),
		s.latency.quantile(0.5), s.latency.quantile(0.99), s.latency.quantile(0.999), float64(early)/1e6, float64(late)/1e6)
	if violation != "" {
		m.out.lastLine("FAIL: %s", violation)
		return false
	}
	m.out.lastLine("PASS")
	return true
}
