package remote

import "time"

// A State is the state of the connection between a [Value] or [Range] and its
// store.
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
	Reason error     // for Broken, Refused and Ended; may be nil
}
