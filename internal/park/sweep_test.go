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
	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/testkit"
)

func TestAbandonedNodesAreSwept(t *testing.T) {
	for _, living := range []int{0, 1, 100, 1000} {
		t.Run(fmt.Sprint(living), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b park.Broadcast
				c := b.Done()
				var wg sync.WaitGroup
				for range living {
					wg.Go(func() { assert.NoError(t, b.Wait(t.Context())) })
				}
				synctest.Wait()
				for range 5000 {
					ctx, cancel := context.WithTimeout(t.Context(), 1)
					assert.Error(t, b.Wait(ctx))
					cancel()
				}
				assert.LessOrEqual(t, b.StackLen(), 2*living+2*park.MinSweep)
				assert.Equal(t, c, b.Done(), "the channel stays")
				b.Fire()
				wg.Wait() // A sweep that dropped somebody alive would hang here.
				assert.True(t, testkit.IsClosed(c))
			})
		})
	}
}

// TestSweepsComeUp is for the tests that make so many give up that there is a sweep. They pass
// as well without one, and so would say nothing if it took more: here TestAbandonedNodesAreSwept and
// TestACrowdThatLeavesIsSwept, in event TestSweepAgainstSet, which must know the number, and
// TestSweepLeavesTheLiving, in eventtest G04_NoLostWakeUp/AfterOthersGaveUp, and the crowds of up to 100
// in internal/verify/model/replay, which the fuzz targets and the random tests run.
func TestSweepsComeUp(t *testing.T) {
	assert.Equal(t, 64, park.MinSweep)
}

// TestAllGiveUpAtOnce: of those who give up while one of them sweeps, none is left to nobody.
func TestAllGiveUpAtOnce(t *testing.T) {
	waves := 300
	if testing.Short() {
		waves = 30
	}
	var b park.Broadcast
	ws := make([]park.Waiter, 1000)
	for range waves {
		ctx, cancel := context.WithCancel(t.Context())
		var begun, all sync.WaitGroup
		begun.Add(len(ws))
		for i := range ws {
			all.Go(func() {
				begun.Done()
				assert.ErrorIs(t, ws[i].Wait(ctx, &b), context.Canceled)
			})
		}
		begun.Wait()
		time.Sleep(2 * time.Millisecond) // Most wait by then.
		cancel()
		all.Wait()
		places, _ := b.Counts()
		require.Less(t, places, park.MinSweep)
	}
}

// TestGivingUpAllTheTime: nobody leaves sweeping to another, who may be away for long. Those who are
// counted are in the hands of some sweeper, or fewer than make a sweep due.
func TestGivingUpAllTheTime(t *testing.T) {
	rounds := 500_000
	if testing.Short() {
		rounds = 5_000
	}
	var b park.Broadcast
	var most atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var w park.Waiter
			for i := range rounds {
				w.Prepare(nil, &b)
				w.Finish(&b, false)
				if i%64 == 0 {
					if n := b.Abandoned(); n > most.Load() {
						most.Store(n)
					}
				}
			}
		})
	}
	all.Wait()
	assert.Less(t, most.Load(), int64(20_000)) // A sweeper may have been away for long, with few.
	places, _ := b.Counts()
	assert.Less(t, places, park.MinSweep)
}

// A crowd that leaves without anybody coming leaves nothing behind.
func TestACrowdThatLeavesIsSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var b park.Broadcast
		var staying, leaving sync.WaitGroup
		for i := range 20_000 {
			if i%1000 == 0 {
				staying.Go(func() { assert.NoError(t, b.Wait(t.Context())) })
			}
			leaving.Go(func() { assert.Error(t, b.Wait(ctx)) })
		}
		synctest.Wait()
		cancel()
		leaving.Wait()
		assert.LessOrEqual(t, b.StackLen(), 20+2*park.MinSweep)
		b.Fire()
		staying.Wait()
	})
}

func TestSweepMeetsFire(t *testing.T) {
	for range 2000 {
		var b park.Broadcast
		var wg, ready sync.WaitGroup
		for range 3 {
			ready.Add(1)
			wg.Go(func() {
				ready.Done()
				assert.NoError(t, b.Wait(context.Background()))
			})
		}
		ready.Wait()
		wg.Go(b.Sweep)
		wg.Go(b.Sweep)
		wg.Go(b.Fire)
		wg.Wait()
	}
}

// TestSweepCounts is what a sweep leaves: those who wait, and a count of those who gave up. Were that too high,
// each that gives up would sweep.
func TestSweepCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b park.Broadcast
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 30 {
			under := ctx
			if i%10 == 0 {
				under = t.Context()
			}
			waiting(under, new(park.Waiter), &b)
		}
		cancel()
		synctest.Wait()
		b.Sweep()
		living, gone := b.Counts()
		assert.Equal(t, 3, living)
		assert.Zero(t, gone)
		b.Fire()
	})
}

// TestSweepsAreRare is when a sweep is due: once those who gave up are half of what the last one kept. It walks
// over all who wait, so that a fixed number would cost each who gives up the more, the more wait.
func TestSweepsAreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 10 * park.MinSweep
		var b park.Broadcast
		leave := make([]context.CancelFunc, n)
		for i := range leave {
			var ctx context.Context
			ctx, leave[i] = context.WithCancel(t.Context())
			waiting(ctx, new(park.Waiter), &b)
		}
		var swept []int // How many had left when a sweep came.
		for i := range leave {
			leave[i]()
			synctest.Wait()
			if _, gone := b.Counts(); gone == 0 {
				swept = append(swept, i+1)
			}
		}
		var want []int
		for left := park.MinSweep; left <= n; left += max(park.MinSweep, (n-left)/2) {
			want = append(want, left)
		}
		assert.Equal(t, want, swept)
		b.Fire()
	})
}
