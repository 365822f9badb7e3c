// Package inspect gives scenarios access to unexported state of the library.
// The overlay adds files to the library that set the functions. In a program
// that was built without the overlay, they are nil.
//
// The functions take no steps if a check calls them.
package inspect

import (
	"context"

	"github.com/eventvalue/event/internal/verify/explore/sched/atomic"
)

// A Watcher is the state of a watcher.
type Watcher struct {
	Version uint64
	Closed  bool // Version is not valid any more.
	Pending int  // wake-ups that no wait has received
}

// These functions take values of package park.
var (
	// Stack returns the number of nodes on the stack of a *park.Broadcast, and
	// the number of nodes whose waiter waits.
	Stack func(broadcast any) (nodes, waiting int)
	// Contexts returns the number of groups of a *park.Contexts.
	Contexts func(contexts any) int
	// Pending returns the number of wake-ups of a *park.Waiter that no wait has
	// received.
	Pending func(waiter any) int
)

// These functions take a *event.MemoryValue[int] or one of its watchers.
var (
	// Head returns the broadcast of the head, whether the broadcast has fired,
	// and the version of the head. Without a head, the broadcast is nil.
	Head func(value any) (broadcast any, fired bool, version uint64)
	// Watch returns the state of a watcher.
	Watch func(watcher any) Watcher
)

// Until starts what event.Until starts, for a context that the caller has made. It calls
// end to end the context. value is a *event.MemoryValue[int].
var Until func(ctx context.Context, value any, pred func(int) bool, end func(cause error)) (cancel func())

// A Flag is shared by the threads of a scenario. Each Store and each Load is a
// step.
type Flag = atomic.Bool
