package park_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/testkit"
)

// TestContextsKeepTheirMap is that the end of a context costs the same however many others there are: the
// map is made anew when it is three quarters empty, not each time.
func TestContextsKeepTheirMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared park.Contexts
		const n = 4 * park.MinSweep
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
		assert.Equal(t, n, shared.Peak())
		for _, end := range ends[n/2:] {
			end()
		}
	})
}

// parkedUnder lets n Waiters wait, for the third time in a row under ctx, and returns them
// when they do, and a function that waits until they do not.
func parkedUnder(ctx context.Context, shared *park.Contexts, n int) ([]park.Waiter, func()) {
	ws := make([]park.Waiter, n)
	var wg sync.WaitGroup
	bs := make([]park.Broadcast, 3)
	for i := range ws {
		wg.Go(func() {
			for j := range bs {
				for !bs[j].Fired() && ctx.Err() == nil && !ws[i].Closed() {
					ws[i].Park(ctx, &bs[j], shared)
				}
			}
		})
	}
	for j := range 2 {
		synctest.Wait()
		bs[j].Fire()
	}
	synctest.Wait()
	return ws, wg.Wait
}

func TestSharedContextIsRegisteredWithOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := newAfterFuncContext(t)
		defer cancel()
		var shared park.Contexts
		ws, ended := parkedUnder(ctx, &shared, 100)
		assert.Equal(t, 1, ctx.registered-ctx.stopped)
		for i := range ws {
			assert.Equal(t, 1, ctx.registered-ctx.stopped, "until the last is closed")
			ws[i].Close()
		}
		ended()
		assert.Equal(t, ctx.registered, ctx.stopped)
		assert.Zero(t, shared.Len())
	})
}

func TestSharedContextWakesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var shared park.Contexts
		_, ended := parkedUnder(ctx, &shared, 1000)
		other, alsoEnded := parkedUnder(t.Context(), &shared, 1)
		require.Equal(t, 2, shared.Len())
		parked := other[0].State()
		cancel()
		ended() // A Waiter that was forgotten would hang here.
		assert.Equal(t, 1, shared.Len())
		assert.Equal(t, parked, other[0].State(), "another context's is left alone")
		other[0].Close()
		alsoEnded()
		assert.Zero(t, shared.Len())
	})
}

func TestEndedContextLeavesNoMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var shared park.Contexts
		ws, ended := parkedUnder(ctx, &shared, 3)
		cancel()
		ended()
		synctest.Wait()
		for i := range ws {
			assert.Zero(t, ws[i].Neighbours(), "a Waiter keeps no other")
		}
	})
}

func TestContextsKeepNoRoomForThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared park.Contexts
		var past []func()
		for range 300 {
			ctx, cancel := context.WithCancel(t.Context())
			_, ended := parkedUnder(ctx, &shared, 1)
			past = append(past, cancel, ended)
		}
		assert.Equal(t, 300, shared.Peak())
		for _, f := range past {
			f()
		}
		synctest.Wait()
		assert.LessOrEqual(t, shared.Peak(), park.MinSweep)
	})
}

func TestPanicOfARegistrationLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared park.Contexts
		var w park.Waiter
		ctx := testkit.Aloof{Foreign: testkit.Foreign{Context: t.Context()}}
		var b park.Broadcast
		first := make(chan struct{})
		go func() {
			w.Park(ctx, &b, &shared)
			close(first)
		}()
		synctest.Wait()
		b.Fire()
		<-first
		assert.Panics(t, func() { w.Park(ctx, new(park.Broadcast), &shared) })
		assert.Zero(t, shared.Len())
		waitOnce(t.Context(), &w)
	})
}

// TestSharedContextMeetsItsEnd lets Waiters join, leave and be woken while their context ends.
func TestSharedContextMeetsItsEnd(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	var shared park.Contexts
	ws := make([]park.Waiter, 4)
	for range rounds {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for i := range ws {
			wg.Go(func() {
				var b park.Broadcast
				for ctx.Err() == nil { // One that was forgotten would hang.
					ws[i].Park(ctx, &b, &shared)
					ws[i].Interrupt()
				}
			})
			wg.Go(func() { ws[i].Interrupt() })
		}
		wg.Go(cancel)
		wg.Wait()
	}
	for i := range ws {
		ws[i].Close()
	}
	assert.Zero(t, shared.Len())
}

// hookedContext is a context of a type of its own that calls functions when it is registered
// with, the first time, and when it is left.
type hookedContext struct {
	testkit.Foreign
	first, left func()
}

func (c *hookedContext) AfterFunc(func()) func() bool {
	first := c.first
	c.first = func() {}
	left := c.left
	first()
	return func() bool { left(); return true }
}

// Of two who register first, one is too late. If leaving the context panics then, it is known, and
// if it was closed meanwhile, it is not registered.
func TestPanicOfALateRegistrationLeaksNothing(t *testing.T) {
	t.Run("closed after it", func(t *testing.T) { panicOfALateRegistration(t, (*park.Waiter).Close, func(*park.Waiter) {}) })
	t.Run("closed before it", func(t *testing.T) { panicOfALateRegistration(t, func(*park.Waiter) {}, (*park.Waiter).Close) })
}

func panicOfALateRegistration(t *testing.T, after, before func(*park.Waiter)) {
	var shared park.Contexts
	var fired park.Broadcast
	fired.Fire()
	var late, early park.Waiter
	ctx := &hookedContext{Foreign: testkit.Foreign{Context: t.Context()}, left: func() { panic("left") }}
	twice := func(w *park.Waiter) {
		for range 2 {
			w.Park(ctx, &fired, &shared)
		}
	}
	ctx.first = func() {
		ctx.left = func() {}
		twice(&early)
		before(&late)
	}
	assert.PanicsWithValue(t, "left", func() { twice(&late) })
	after(&late)
	early.Close()
	assert.Zero(t, shared.Len())
}
