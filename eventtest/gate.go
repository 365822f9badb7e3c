package eventtest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A gate keeps goroutines that a broken implementation has left behind from failing a test
// that is over, which would end the process.
type gate struct {
	mu     sync.Mutex
	closed bool

	// moves counts what goes on in the test: calls that have returned, values that were set. A
	// test makes so many and no more, so that none hangs for ever because it still moves.
	moves atomic.Int64
}

// awaits waits until done is closed, and reports whether it was: it gives up when nothing has
// moved for so long.
func (g *gate) awaits(done <-chan struct{}, patience time.Duration) bool {
	for {
		moves := g.moves.Load()
		select {
		case <-done:
			return true
		case <-time.After(patience):
			if g.moves.Load() == moves {
				return false
			}
		}
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// report calls f, unless the test is over.
func (g *gate) report(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		f()
	}
}

// Error is that of testing.TB, from any goroutine, at any time.
func (h *harness) Error(args ...any) {
	h.Helper()
	h.over.report(func() { h.TB.Error(args...) })
}

// Errorf is that of testing.TB, from any goroutine, at any time.
func (h *harness) Errorf(format string, args ...any) {
	h.Helper()
	h.Error(fmt.Sprintf(format, args...))
}

// Fatal is that of testing.TB, at any time.
func (h *harness) Fatal(args ...any) {
	h.Helper()
	h.Error(args...)
	h.over.report(h.TB.FailNow)
	select {} // To return would run the rest of a test that is over.
}

// Fatalf is that of testing.TB, at any time.
func (h *harness) Fatalf(format string, args ...any) {
	h.Helper()
	h.Fatal(fmt.Sprintf(format, args...))
}
