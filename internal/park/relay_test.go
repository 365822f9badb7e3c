package park_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/testkit"
)

func TestRelayPassesFireOn(t *testing.T) {
	var a, b, to park.Broadcast
	a.Relay(&to)
	b.Relay(&to)
	c := to.Done()
	assert.False(t, testkit.IsClosed(c))
	b.Fire()
	assert.True(t, testkit.IsClosed(c), "before Fire returns")
	assert.False(t, a.Fired(), "not backwards")
	a.Fire()
	assert.True(t, to.Fired())
}

func TestRelayOfWhatHasFired(t *testing.T) {
	var b, to park.Broadcast
	b.Fire()
	r := b.Relay(&to)
	assert.True(t, to.Fired())
	r.Stop()
	r.Stop()
}

func TestRelayStopped(t *testing.T) {
	for stopped := range 3 {
		var b park.Broadcast
		var to [3]park.Broadcast
		var rs [3]*park.Relay
		for i := range rs {
			rs[i] = b.Relay(&to[i])
		}
		rs[stopped].Stop()
		rs[stopped].Stop()
		b.Fire()
		for i := range to {
			assert.Equal(t, i != stopped, to[i].Fired(), "stopped %d, relay %d", stopped, i)
		}
		rs[(stopped+1)%3].Stop() // Also after the Fire.
	}
}

func TestRelaysLeaveNothing(t *testing.T) {
	var b park.Broadcast
	var to park.Broadcast
	for range 1000 {
		r, s := b.Relay(&to), b.Relay(&to)
		r.Stop()
		s.Stop()
	}
	assert.Zero(t, b.Relays())
	kept := b.Relay(&to)
	for range 1000 {
		b.Relay(new(park.Broadcast)).Stop()
	}
	assert.Equal(t, 1, b.Relays())
	kept.Stop()
	assert.Zero(t, b.Relays())
	assert.LessOrEqual(t, b.StackLen(), 1)
}

func TestRelaysWakeAll(t *testing.T) {
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b park.Broadcast
				errs := make(chan error, 2*n)
				for range n {
					to := new(park.Broadcast)
					b.Relay(to)
					go func() { errs <- to.Wait(t.Context()) }()
					go func() { errs <- b.Wait(t.Context()) }()
				}
				synctest.Wait()
				require.Empty(t, errs)
				b.Fire()
				synctest.Wait()
				require.Len(t, errs, 2*n)
				for range 2 * n {
					require.NoError(t, <-errs)
				}
			})
		})
	}
}

func TestRelaySurvivesASweep(t *testing.T) {
	var b, to park.Broadcast
	b.Relay(&to)
	b.Sweep()
	b.Fire()
	assert.True(t, to.Fired())
}

// TestRelayMeetsFire adds and stops Relays while their Broadcast fires. Each Relay that
// was not stopped fires its target.
func TestRelayMeetsFire(t *testing.T) {
	rounds := 20_000
	if testing.Short() {
		rounds /= 10
	}
	const comers = 3
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // A watchdog: it is not reached.
	defer cancel()
	for range rounds {
		var b park.Broadcast
		var to [2 * comers]park.Broadcast
		var old [comers]*park.Relay
		for i := range old {
			b.Relay(&to[comers+i])
			old[i] = b.Relay(new(park.Broadcast))
		}
		var all sync.WaitGroup
		for i := range comers {
			all.Go(func() {
				old[i].Stop()
				b.Relay(&to[i])
				b.Relay(new(park.Broadcast)).Stop()
			})
		}
		all.Go(b.Fire)
		all.Wait()
		for i := range to {
			require.NoError(t, to[i].Wait(ctx))
		}
	}
}
