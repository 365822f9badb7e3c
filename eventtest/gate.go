package eventtest

import (
	"fmt"
	"sync"
)

// A gate keeps goroutines that a broken implementation has left behind from failing a test
// that is over, which would end the process.
type gate struct {
	mu     sync.Mutex
	closed bool
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
