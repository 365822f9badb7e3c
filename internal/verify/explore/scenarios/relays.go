package main

import (
	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// relays returns the scenarios of Relays from one Broadcast to others. A Target that
// is not fired leaves its waiter asleep.
func relays() []*sched.Scenario {
	return []*sched.Scenario{
		{Name: "relay/added beside fire", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			var b, first, second park.Broadcast
			b.Relay(&first)
			r.Go("wait 1", func() { want(r, "Wait", first.Wait(background), nil) })
			r.Go("relay, wait 2", func() {
				b.Relay(&second)
				want(r, "Wait", second.Wait(background), nil)
			})
			r.Go("fire", b.Fire)
		}},
		{Name: "relay/stopped beside fire", Bound: 3, FullBound: sched.Unlimited, Run: func(r *sched.Run) {
			var b park.Broadcast
			to := make([]park.Broadcast, 3)
			stopped := make([]*park.Relay, len(to))
			for i := range to {
				stopped[i] = b.Relay(&to[i])
			}
			r.Go("stop", stopped[1].Stop)
			r.Group("wait", 2, func(i int) { want(r, "Wait", to[2*i].Wait(background), nil) })
			r.Go("fire", b.Fire)
		}},
		{Name: "relay/two stopped beside an addition", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			var b park.Broadcast
			to := make([]park.Broadcast, 3)
			first, second := b.Relay(&to[0]), b.Relay(&to[1])
			r.Go("stop 1", first.Stop)
			r.Go("stop 2", second.Stop)
			r.Go("relay, wait", func() {
				b.Relay(&to[2])
				want(r, "Wait", to[2].Wait(background), nil)
			})
			r.Go("fire", b.Fire)
		}},
		{Name: "relay/nothing is pending after it", Bound: 2, FullBound: 3, Run: func(r *sched.Run) {
			var b park.Broadcast
			to := make([]park.Broadcast, 3)
			for i := range to {
				b.Relay(&to[i])
			}
			late := b.Relay(new(park.Broadcast))
			r.Go("fire", func() {
				b.Fire()
				// Load before the check: see mergeWatcher.look.
				if pending := park.RelaysPending(); !pending {
					for i := range to {
						if !to[i].Fired() {
							r.Fail("target %d has not fired, and nothing is pending", i+1)
						}
					}
				}
			})
			r.Go("stop", late.Stop)
		}},
	}
}
