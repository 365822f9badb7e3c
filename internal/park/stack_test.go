package park_test

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/testkit"
)

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
	var b park.Broadcast
	ws := make([]park.Waiter, n)
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

// TestUpToInlineFireDoesItself is the last number of waiters, takers and Relays for which Fire keeps the
// promise that they have it when it returns.
func TestUpToInlineFireDoesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b park.Broadcast
		ws := make([]park.Waiter, park.Inline)
		for i := range ws {
			waiting(t.Context(), &ws[i], &b)
		}
		to := make([]park.Broadcast, park.Inline)
		var c <-chan struct{}
		for i := range park.Inline {
			c = b.Done()
			b.Relay(&to[i])
		}
		parked := ws[0].State()
		b.Fire()
		assert.True(t, testkit.IsClosed(c))
		for i := range park.Inline {
			assert.NotEqual(t, parked, ws[i].State())
			assert.True(t, to[i].Fired())
		}
	})
}
