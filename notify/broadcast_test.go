package notify_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/notify"
)

// sizes are numbers of waiters or takers on both sides of what Fire does itself.
var sizes = []int{1, notify.Inline, notify.Inline + 1, 1000}

func TestFireWakesAll(t *testing.T) {
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b notify.Broadcast
				errs := make(chan error, n)
				for range n {
					go func() { errs <- b.Wait(t.Context()) }()
				}
				synctest.Wait()
				require.Empty(t, errs, "nobody returns before Fire")
				b.Fire()
				for range n {
					require.NoError(t, <-errs)
				}
			})
		})
	}
}

func TestFireIsForEver(t *testing.T) {
	var b notify.Broadcast
	assert.False(t, b.Fired())
	b.Fire()
	assert.True(t, b.Fired())
	assert.NoError(t, b.Wait(t.Context()))
	assert.True(t, testkit.IsClosed(b.Done()))
	b.Fire()
	assert.True(t, b.Fired())
}

// TestFireHandsOffTheWaking shows the hand-off: with one processor, and
// no other goroutine that runs, all are still parked when Fire has returned. A preemption just
// then lets the goroutine run that wakes them. That may happen, but not every time; a
// Fire that wakes them itself leaves none, whenever.
func TestFireHandsOffTheWaking(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const n = 1000
	most := 0
	for range 5 {
		synctest.Test(t, func(t *testing.T) { most = max(most, parkedAfterFire(t, n)) })
	}
	assert.Equal(t, n, most)
}

// parkedAfterFire returns how many of n Waiters are still parked when Fire has returned.
func parkedAfterFire(t *testing.T, n int) (still int) {
	var b notify.Broadcast
	ws := make([]notify.Waiter, n)
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := range ws {
		wg.Go(func() { assert.NoError(t, ws[i].Wait(t.Context(), &b)) })
	}
	synctest.Wait()
	parked := ws[0].State()
	b.Fire()
	for i := range ws {
		if ws[i].State() == parked {
			still++
		}
	}
	return still
}

func TestDoneIsOneChannel(t *testing.T) {
	var b notify.Broadcast
	c := b.Done()
	assert.Equal(t, c, b.Done())
	assert.False(t, testkit.IsClosed(c))
	b.Fire()
	assert.True(t, testkit.IsClosed(c), "few takers: closed before Fire returns")
}

func TestDoneWithManyTakersCloses(t *testing.T) {
	for _, n := range sizes {
		synctest.Test(t, func(t *testing.T) {
			var b notify.Broadcast
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() { <-b.Done() })
			}
			synctest.Wait()
			b.Fire()
			wg.Wait()
		})
	}
}

func TestDoneClosesBeforeFireReturnsBelowManyWaiters(t *testing.T) {
	// The channel is made first, so that its place is at the bottom of the stack,
	// and the stack is swept some times.
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var b notify.Broadcast
		c := b.Done()
		for range 4 * notify.MinSweep {
			go b.Wait(ctx)
		}
		synctest.Wait()
		b.Fire()
		assert.True(t, testkit.IsClosed(c))
	})
}

func TestWaitEndedContextWins(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b notify.Broadcast
	assert.Equal(t, context.Canceled, b.Wait(ctx))
	b.Fire()
	assert.Equal(t, context.Canceled, b.Wait(ctx))
}

func TestWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var b notify.Broadcast
		assert.Equal(t, context.DeadlineExceeded, b.Wait(ctx))
	})
}

func TestGivenUpWaitsAreSwept(t *testing.T) {
	for _, living := range []int{0, 1, 100, 1000} {
		t.Run(fmt.Sprint(living), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b notify.Broadcast
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
				assert.LessOrEqual(t, b.StackLen(), 2*living+2*notify.MinSweep)
				assert.Equal(t, c, b.Done(), "the channel stays")
				b.Fire()
				wg.Wait() // A sweep that dropped somebody alive would hang here.
				assert.True(t, testkit.IsClosed(c))
			})
		})
	}
}

// TestSweepsComeUp is for the tests that make so many give up that there is a sweep. They pass
// as well without one, and so would say nothing if it took more: here TestGivenUpWaitsAreSwept and
// TestACrowdThatLeavesIsSwept, in event TestSweepAgainstSet, which must know the number, and
// TestSweepLeavesTheLiving, in eventtest G04_NoLostWakeUp/AfterOthersGaveUp, and the crowds of up to 100
// in internal/verify/model/replay, which the fuzz targets and the random tests run.
func TestSweepsComeUp(t *testing.T) {
	assert.Equal(t, 64, notify.MinSweep)
}

// TestAllGiveUpAtOnce: of those who give up while one of them sweeps, none is left to nobody.
func TestAllGiveUpAtOnce(t *testing.T) {
	waves := 300
	if testing.Short() {
		waves = 30
	}
	var b notify.Broadcast
	ws := make([]notify.Waiter, 1000)
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
		require.Less(t, places, notify.MinSweep)
	}
}

// TestGivingUpAllTheTime: nobody leaves sweeping to another, who may be away for long. Those who are
// counted are in the hands of some sweeper, or fewer than make a sweep due.
func TestGivingUpAllTheTime(t *testing.T) {
	rounds := 500_000
	if testing.Short() {
		rounds = 5_000
	}
	var b notify.Broadcast
	var most atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var w notify.Waiter
			for i := range rounds {
				w.Prepare(nil, &b)
				w.Finish(&b, false)
				if i%64 == 0 {
					if n := b.Gone(); n > most.Load() {
						most.Store(n)
					}
				}
			}
		})
	}
	all.Wait()
	assert.Less(t, most.Load(), int64(20_000)) // A sweeper may have been away for long, with few.
	places, _ := b.Counts()
	assert.Less(t, places, notify.MinSweep)
}

// A crowd that leaves without anybody coming leaves nothing behind.
func TestACrowdThatLeavesIsSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var b notify.Broadcast
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
		assert.LessOrEqual(t, b.StackLen(), 20+2*notify.MinSweep)
		b.Fire()
		staying.Wait()
	})
}

func TestSweepMeetsFire(t *testing.T) {
	for range 2000 {
		var b notify.Broadcast
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

func TestFireWithoutWaitersAllocatesNothing(t *testing.T) {
	bs := make([]notify.Broadcast, 1000)
	i := 0
	assert.Zero(t, testing.AllocsPerRun(len(bs)-1, func() {
		bs[i].Fire()
		i++
	}))
}

func TestBadUsePanics(t *testing.T) {
	var b notify.Broadcast
	var w notify.Waiter
	var none context.Context
	assert.PanicsWithValue(t, "notify: Broadcast.Wait: nil context", func() { _ = b.Wait(none) })
	assert.PanicsWithValue(t, "notify: Waiter.Wait: nil context", func() { _ = w.Wait(none, &b) })
	assert.PanicsWithValue(t, "notify: Waiter.Wait: nil broadcast", func() { _ = w.Wait(t.Context(), nil) })
	assert.PanicsWithValue(t, "notify: Waiter.Park: nil context", func() { w.Park(none, &b, nil) })
	assert.PanicsWithValue(t, "notify: Waiter.Park: nil broadcast", func() { w.Park(t.Context(), nil, nil) })
	assert.PanicsWithValue(t, "notify: Waiter.Done: nil broadcast", func() { w.Done(nil) })
}
