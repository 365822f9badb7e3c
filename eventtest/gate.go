package eventtest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A gate drops the failures of goroutines that a broken implementation has left
// behind. The process would end if they failed a test that has returned.
type gate struct {
	mu     sync.Mutex
	closed bool

	// progress counts the steps of the test, such as calls that have returned
	// and values that have been set. Invariant: the number of steps is bounded,
	// so no test can run forever while it makes progress.
	progress atomic.Int64
}

// await waits until done is closed, and reports whether it is closed. It
// returns false when there was no progress for the time patience.
func (g *gate) await(done <-chan struct{}, patience time.Duration) bool {
	for {
		progress := g.progress.Load()
		select {
		case <-done:
			return true
		case <-time.After(patience):
			if g.progress.Load() == progress {
				return false
			}
		}
	}
}

// close makes report drop all further failures.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// report calls f, unless the gate is closed.
func (g *gate) report(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		f()
	}
}

// Error is like Error of testing.TB. Any goroutine may call it at any time.
func (h *harness) Error(args ...any) {
	h.Helper()
	h.gate.report(func() { h.TB.Error(args...) })
}

// Errorf is like Errorf of testing.TB. Any goroutine may call it at any time.
func (h *harness) Errorf(format string, args ...any) {
	h.Helper()
	h.Error(fmt.Sprintf(format, args...))
}

// Fatal is like Fatal of testing.TB. It may be called at any time.
func (h *harness) Fatal(args ...any) {
	h.Helper()
	h.Error(args...)
	h.gate.report(h.TB.FailNow)
	select {} // Returning would run the rest of a test that has returned.
}

// Fatalf is like Fatalf of testing.TB. It may be called at any time.
func (h *harness) Fatalf(format string, args ...any) {
	h.Helper()
	h.Fatal(fmt.Sprintf(format, args...))
}
