package event

import (
	"context"

	"go.uber.org/atomic"
)

// A turn lets one Get at a time have what a view's watcher keeps, until its Close. It has
// the states of a [word], without a version:
//
//	idle ── begin ──▶ busy        idle, busy ── close ──▶ closed (and busy until its end)
//	busy ── end ────▶ idle
//
// What the watcher keeps belongs to the Get that is busy, and after Close to who finds that
// it is not: Close itself, or the end of the Get that was in progress.
type turn struct{ state atomic.Uint32 }

// begin makes the caller the one whose turn it is, or returns what its Get has to return.
func (t *turn) begin(ctx context.Context) error {
	for {
		s := t.state.Load()
		err := ctx.Err()
		switch {
		case err != nil:
			return err
		case s&closed != 0:
			return ErrWatcherClosed
		case s&busy != 0:
			return ErrConcurrentGet
		}
		if t.state.CompareAndSwap(s, s|busy) {
			return nil
		}
	}
}

// end ends the turn and reports whether the caller has to release what there is: Close has
// come meanwhile.
func (t *turn) end() (release bool) {
	for {
		s := t.state.Load()
		if t.state.CompareAndSwap(s, s&^busy) {
			return s&closed != 0
		}
	}
}

// close ends all turns. It reports whether it was the first to do so, and whether the caller
// has to release what there is.
func (t *turn) close() (first, release bool) {
	for {
		s := t.state.Load()
		if s&closed != 0 {
			return false, false
		}
		if t.state.CompareAndSwap(s, s|closed) {
			return true, s&busy == 0
		}
	}
}

// isClosed reports whether close was called.
func (t *turn) isClosed() bool { return t.state.Load()&closed != 0 }

// hindrance returns the error that a Get must return even if there is a value.
func (t *turn) hindrance(ctx context.Context) error {
	if err := ctx.Err(); err != nil || !t.isClosed() {
		return err
	}
	return ErrWatcherClosed
}
