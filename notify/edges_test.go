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

// TestAloneAfterOthers is that who waited on top of many, and then alone, counts as one: Fire would hand
// off what it can do itself.
func TestAloneAfterOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var crowded notify.Broadcast
		ws := make([]notify.Waiter, notify.Inline+1)
		for i := range ws {
			waiting(t.Context(), &ws[i], &crowded)
		}
		crowded.Fire()
		synctest.Wait()
		for i := range ws {
			var b notify.Broadcast
			waiting(t.Context(), &ws[i], &b)
			living, _ := b.Counts()
			assert.Equal(t, 1, living)
			b.Fire()
		}
	})
}

// TestSweepCounts is what a sweep knows afterwards: with too many that it takes for living, Fire hands
// off what it could do itself; with too many for given up, each that gives up sweeps.
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
