package park

import (
	"github.com/eventvalue/event/internal/verify/explore/inspect"
	"github.com/eventvalue/event/internal/verify/explore/sched"
	"github.com/eventvalue/event/internal/verify/explore/sched/atomic"
)

func init() {
	sched.AtStart(func() { handedOff = atomic.Int32{} })
	inspect.Stack = func(broadcast any) (nodes, waiting int) {
		for n := broadcast.(*Broadcast).top.Load(); n != nil && n != &sealed; n = n.next {
			sched.Loop() // A bug may have made it a ring.
			nodes++
			if n.wake != nil && n.state.Load()&retired == 0 {
				waiting++
			}
		}
		return nodes, waiting
	}
	inspect.Contexts = func(contexts any) int { return len(contexts.(*Contexts).groups) }
	inspect.Pending = func(waiter any) int { return waiter.(*Waiter).PendingWakeUps() }
}

// PendingWakeUps returns the number of wake-ups that the next wait would find.
// It is a method so that a type that embeds a Waiter has it too.
func (w *Waiter) PendingWakeUps() int {
	n := w.node.Load()
	if n == nil || n.state.Load()&retired != 0 {
		return 0 // The next wait makes another channel.
	}
	return len(n.wake)
}
