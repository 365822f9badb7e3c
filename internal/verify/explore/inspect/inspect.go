// Package inspect lets scenarios look inside of the library. The functions are set by files that
// the overlay adds to it, and nil in a program that was built without.
//
// What is called here takes no steps if it is called by a check.
package inspect

import "github.com/eventvalue/event/internal/verify/explore/sched/atomic"

// A Watcher is what is to be known of a watcher.
type Watcher struct {
	Version uint64
	Closed  bool // The version does not count any more.
	Pending int  // wake-ups that nobody has taken
}

// Of a *park.Broadcast.
var (
	// Stack returns how many places there are, and on how many of them somebody waits.
	Stack func(broadcast any) (places, waiting int)
	// Contexts returns the number of groups of a *park.Contexts.
	Contexts func(contexts any) int
	// Pending returns how many wake-ups of a *park.Waiter nobody has taken.
	Pending func(waiter any) int
)

// Of a *event.MemoryValue[int] and its watchers.
var (
	// Head returns the broadcast of the head, whether that has fired and the version, or nil.
	Head func(value any) (broadcast any, fired bool, version uint64)
	// Watch returns what is to be known of a watcher.
	Watch func(watcher any) Watcher
)

// A Flag is shared by the threads of a scenario: to set and to read it are steps.
type Flag = atomic.Bool
