package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/park"
)

// A State is the state of the connection between a [Value] or [Range] and its
// store. A watcher makes it leave Idle. So does a Sync that waits, and the State is
// Idle again when the last of them has ended.
type State int

const (
	// Idle: the store is not followed, because nothing watches.
	Idle State = iota
	// CatchingUp: the full state was requested, or is arriving, or the store
	// does not deliver the changes after it yet.
	CatchingUp
	// Connected: watchers get the state of the store.
	Connected
	// Broken: the connection is lost. Watchers keep their state, and wait.
	Broken
	// Refused: the store answers, but refuses, for example because a permission
	// is missing. Watchers keep their state, and wait. The store is tried again,
	// less often than after Broken.
	Refused
	// Ended: the Value or Range was closed, or the store has ended it for good.
	Ended
)

var stateNames = [...]string{"idle", "catching up", "connected", "broken", "refused", "ended"}

// String returns the name of the state.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "unknown"
	}
	return stateNames[s]
}

// A Status is the State of a [Value] or [Range] with its time and reason.
type Status struct {
	State  State
	Since  time.Time // when State began, by the clock of this machine
	Reason error     // for CatchingUp, Broken, Refused and Ended; may be nil for the last
}

// explain returns the error of a wait that has ended with err. If the wait has
// ended because ctx has, and the connection lacks something, the error also
// names what it lacks. of is "value" or "range".
func (s Status) explain(ctx context.Context, err error, of string) error {
	if !errors.Is(err, park.ContextErr(ctx)) || errors.Is(err, event.ErrClosed) {
		return err
	}
	switch s.State {
	case CatchingUp, Broken, Refused:
	default:
		return err
	}
	text := fmt.Sprintf("remote: the %s is %v since %v", of, s.State, roundDuration(time.Since(s.Since)))
	if s.Reason == nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	return fmt.Errorf("%w: %s: %w", err, text, s.Reason)
}

// roundDuration rounds d to what a reader of an error needs.
func roundDuration(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}
