package park_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/internal/park"
)

// TestChainsSkipAbandonedNodes wakes many of whom some have given up, alone and in runs longer than a row.
func TestChainsSkipAbandonedNodes(t *testing.T) {
	gone := map[string]func(i int) bool{
		"none":             func(int) bool { return false },
		"every other":      func(i int) bool { return i%2 == 0 },
		"the first half":   func(i int) bool { return i < 50 },
		"the last half":    func(i int) bool { return i >= 50 },
		"all but a few":    func(i int) bool { return i%20 != 0 },
		"all but the last": func(i int) bool { return i != 99 },
		"all":              func(int) bool { return true },
	}
	for name, gone := range gone {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b park.Broadcast
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ws := make([]park.Waiter, 100)
				var stay, leave sync.WaitGroup
				for i := range ws {
					if gone(i) {
						leave.Go(func() { assert.ErrorIs(t, ws[i].Wait(ctx, &b), context.Canceled) })
					} else {
						stay.Go(func() { assert.NoError(t, ws[i].Wait(t.Context(), &b)) })
					}
					synctest.Wait() // The order in which they are on the stack.
				}
				cancel()
				leave.Wait()
				b.Fire()
				stay.Wait() // A deadlock in the bubble if a chain ends too early.
				for i := range ws {
					assert.False(t, ws[i].NodeLeads())
				}
			})
		})
	}
}

// TestChainsMeetNewWaits has all who are woken wait again at once, so that places are pushed elsewhere while
// the chains that they were in go on.
func TestChainsMeetNewWaits(t *testing.T) {
	const rounds, waiters = 200, 100
	bs := make([]park.Broadcast, rounds)
	ws := make([]park.Waiter, waiters)
	var woken [rounds]sync.WaitGroup
	for n := range woken {
		woken[n].Add(waiters)
	}
	for i := range ws {
		go func() {
			for n := range bs {
				assert.NoError(t, ws[i].Wait(t.Context(), &bs[n]))
				woken[n].Done()
			}
		}()
	}
	for n := range bs {
		bs[n].Fire()
		woken[n].Wait()
	}
}

// TestSeveralChainsAreStarted checks how many waiters are woken before any of them has
// run: with one processor, and no other goroutine that runs. A preemption just then lets
// them run. That may happen, but not every time.
func TestSeveralChainsAreStarted(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 10 {
		var woken int
		synctest.Test(t, func(t *testing.T) {
			var b park.Broadcast
			ws := make([]park.Waiter, 100)
			var all sync.WaitGroup
			for i := range ws {
				all.Go(func() { assert.NoError(t, ws[i].Wait(t.Context(), &b)) })
			}
			synctest.Wait()
			parked := ws[0].State()
			b.FireHere()
			for i := range ws {
				if ws[i].State() != parked {
					woken++
				}
			}
			all.Wait()
		})
		if woken == park.ChainsPerProc {
			return
		}
		assert.Greater(t, woken, park.ChainsPerProc, "a preemption wakes more")
	}
	assert.Fail(t, "as many are woken as there are chains")
}
