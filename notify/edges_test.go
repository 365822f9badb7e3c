package notify_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/notify"
)

// TestUpToInlineFireDoesItself is the last number of waiters, takers and Relays for which Fire keeps the
// promise that they have it when it returns.
func TestUpToInlineFireDoesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b notify.Broadcast
		ws := make([]notify.Waiter, notify.Inline)
		for i := range ws {
			waiting(t.Context(), &ws[i], &b)
		}
		to := make([]notify.Broadcast, notify.Inline)
		var c <-chan struct{}
		for i := range notify.Inline {
			c = b.Done()
			b.Relay(&to[i])
		}
		parked := ws[0].State()
		b.Fire()
		assert.True(t, testkit.IsClosed(c))
		for i := range notify.Inline {
			assert.NotEqual(t, parked, ws[i].State())
			assert.True(t, to[i].Fired())
		}
	})
}

// TestSweepCounts is what a sweep leaves: those who wait, and a count of those who gave up. Were that too high,
// each that gives up would sweep.
func TestSweepCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b notify.Broadcast
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 30 {
			under := ctx
			if i%10 == 0 {
				under = t.Context()
			}
			waiting(under, new(notify.Waiter), &b)
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
		const n = 10 * notify.MinSweep
		var b notify.Broadcast
		leave := make([]context.CancelFunc, n)
		for i := range leave {
			var ctx context.Context
			ctx, leave[i] = context.WithCancel(t.Context())
			waiting(ctx, new(notify.Waiter), &b)
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
		for left := notify.MinSweep; left <= n; left += max(notify.MinSweep, (n-left)/2) {
			want = append(want, left)
		}
		assert.Equal(t, want, swept)
		b.Fire()
	})
}

// TestContextsKeepTheirMap is that the end of a context costs the same however many others there are: the
// map is made anew when it is three quarters empty, not each time.
func TestContextsKeepTheirMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared notify.Contexts
		const n = 4 * notify.MinSweep
		var ends []func()
		for range n {
			ctx, cancel := context.WithCancel(t.Context())
			_, ended := parkedUnder(ctx, &shared, 1)
			ends = append(ends, func() { cancel(); ended() })
		}
		for _, end := range ends[:n/2] {
			end()
		}
		synctest.Wait()
		assert.Equal(t, n, shared.Room())
		for _, end := range ends[n/2:] {
			end()
		}
	})
}
