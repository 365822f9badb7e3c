package notify

import (
	"github.com/eventvalue/event/internal/verify/explore/inspect"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

func init() {
	inspect.Stack = func(broadcast any) (places, waiting int) {
		for p := broadcast.(*Broadcast).top.Load(); p != nil && p != &sealed; p = p.next {
			sched.Loop() // A bug may have made it a ring.
			places++
			if p.wake != nil && p.state.Load()&claimed == 0 {
				waiting++
			}
		}
		return places, waiting
	}
	inspect.Contexts = func(contexts any) int { return len(contexts.(*Contexts).groups) }
	inspect.Pending = func(waiter any) int { return waiter.(*Waiter).PendingWakeUps() }
}

// PendingWakeUps is how many the next wait would find. It is a method so that it is also one of what
// a Waiter is embedded in.
func (w *Waiter) PendingWakeUps() int {
	p := w.place.Load()
	if p == nil || p.state.Load()&claimed != 0 {
		return 0 // The next wait makes another channel.
	}
	return len(p.wake)
}
