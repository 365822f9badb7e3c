package remote

import "time"

// A State says how a [Value] or [Range] stands with its store.
type State int

const (
	// Idle: nobody watches, and nothing is followed.
	Idle State = iota
	// CatchingUp: it asks for, or receives, the present state.
	CatchingUp
	// Connected: what watchers get is what the store says.
	Connected
	// Broken: the connection is lost. Watchers keep what they have, and wait.
	Broken
	// Ended: it was closed, or the store has refused for good.
	Ended
)

var stateNames = [...]string{"idle", "catching up", "connected", "broken", "ended"}

// String returns the state in words.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "unknown"
	}
	return stateNames[s]
}

// A Status is the State of a [Value] or [Range], since when, by the clock of this machine,
// and for Broken and Ended why.
type Status struct {
	State  State
	Since  time.Time
	Reason error
}
