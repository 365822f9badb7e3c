package event

import (
	"context"

	"go.uber.org/atomic"
)

// A getGuard admits one Get at a time to the fields of a view's watcher, until its
// Close. It has the states of a [watcherState], without a version:
//
//	idle ── acquire ──▶ busy      idle, busy ── close ──▶ closed (and busy until
//	busy ── release ──▶ idle                              the Get's release)
//
// The guarded fields belong to the Get that holds the guard. After Close they
// belong to the goroutine that clears them: Close itself if no Get holds the guard,
// and otherwise that Get when it releases the guard.
type getGuard struct{ state atomic.Uint32 }

// acquire makes the caller the holder. Otherwise it returns the error that its Get
// returns.
func (g *getGuard) acquire(ctx context.Context) error {
	for {
		s := g.state.Load()
		err := ctx.Err()
		switch {
		case err != nil:
			return err
		case s&closed != 0:
			return ErrWatcherClosed
		case s&busy != 0:
			return ErrConcurrentGet
		}
		if g.state.CompareAndSwap(s, s|busy) {
			return nil
		}
	}
}

// release ends what acquire began. It reports whether the caller has to clear the
// guarded fields, because Close came in the meantime.
func (g *getGuard) release() (clear bool) {
	for {
		s := g.state.Load()
		if g.state.CompareAndSwap(s, s&^busy) {
			return s&closed != 0
		}
	}
}

// close makes every later acquire fail. It reports whether it is the first close,
// and whether the caller has to clear the guarded fields.
func (g *getGuard) close() (first, clear bool) {
	for {
		s := g.state.Load()
		if s&closed != 0 {
			return false, false
		}
		if g.state.CompareAndSwap(s, s|closed) {
			return true, s&busy == 0
		}
	}
}

// isClosed reports whether close was called.
func (g *getGuard) isClosed() bool { return g.state.Load()&closed != 0 }

// abortErr returns the error that a Get must return even if there is a value.
func (g *getGuard) abortErr(ctx context.Context) error {
	if err := ctx.Err(); err != nil || !g.isClosed() {
		return err
	}
	return ErrWatcherClosed
}
