package event_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eventvalue/event/internal/testkit"
)

// patience is how long a test may wait for what must happen: far longer than it takes
// on a busy machine. No test asserts that anything takes less.
const patience = 2 * time.Minute

// watchdog dumps all goroutines and ends the process if the test hangs: a lost wake-up
// shows itself by nothing happening any more.
func watchdog(t *testing.T) {
	t.Helper()
	dog := time.AfterFunc(patience, func() {
		dumpGoroutines()
		panic("watchdog: " + t.Name() + " hangs; the goroutines are above")
	})
	t.Cleanup(func() { dog.Stop() })
}

// dumpGoroutines prints the stacks of all goroutines, equal ones once.
func dumpGoroutines() { _ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1) }

// noLeak fails the test if there are more goroutines after it than before.
func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		if !eventually(func() bool { return runtime.NumGoroutine() <= before }) {
			dumpGoroutines()
			t.Errorf("%d goroutines before, now %d", before, runtime.NumGoroutine())
		}
	})
}

// eventually reports whether cond comes true. It is for what the runtime does in its own
// time: ending goroutines and collecting garbage. It counts garbage collections, because
// in a bubble the clock stands still for as long as something runs.
func eventually(cond func() bool) bool {
	for range 2000 {
		if cond() {
			return true
		}
		runtime.GC()
		runtime.Gosched()
	}
	return cond()
}

// sized returns n, or less where everything takes longer.
func sized(n int) int {
	if testkit.RaceEnabled {
		n /= 5
	}
	if testing.Short() {
		n /= 4
	}
	return max(n, 1)
}

// rounds is how often each contest is run: 40,000 times, and 10,000 under the race detector; a
// quarter of that with -short. The dearest takes half of the former.
func rounds() int {
	n := 40_000
	if testkit.RaceEnabled {
		n = 10_000
	}
	if testing.Short() {
		n /= 4
	}
	return n
}

// together runs fs at the same time, as far as there are processors, and returns when all
// have returned. Each first waits a random moment: which of them is a little ahead is
// what decides how a race ends.
func together(fs ...func()) {
	var arrived atomic.Int32
	var all sync.WaitGroup
	processors, moment := runtime.GOMAXPROCS(0), 5_000
	if testkit.RaceEnabled {
		moment /= 5
	}
	run := func(f func()) {
		arrived.Add(1)
		for spins := 0; int(arrived.Load()) < min(len(fs), processors); spins++ {
			// To yield at once would let the others run here, one after another. A few
			// microseconds, and another processor has come for them, unless it is busy.
			if processors == 1 || spins > moment {
				runtime.Gosched()
			}
		}
		linger(200)
		f()
	}
	for _, f := range fs[1:] {
		all.Go(func() { run(f) })
	}
	run(fs[0])
	all.Wait()
}

// linger goes on for a random number of steps below n, of about a nanosecond.
func linger(n int) {
	var steps atomic.Int32
	for range rand.IntN(n) {
		steps.Load()
	}
}

// liveHeap returns the bytes of the objects that are reachable.
func liveHeap() int {
	// Twice: what the first cycle finalizes or leaves in pools, the second frees.
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// heapWithin fails the test unless the heap gets back to at most limit bytes above base.
func heapWithin(t *testing.T, base, limit int) {
	t.Helper()
	var now int
	if !eventually(func() bool { now = liveHeap(); return now-base <= limit }) {
		t.Errorf("the heap has grown by %d bytes, allowed %d", now-base, limit)
	}
}
