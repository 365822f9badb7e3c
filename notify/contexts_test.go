package notify_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/notify"
)

// parkedUnder lets n Waiters wait, for the third time in a row under ctx, and returns them
// when they do, and a function that waits until they do not.
func parkedUnder(ctx context.Context, shared *notify.Contexts, n int) ([]notify.Waiter, func()) {
	ws := make([]notify.Waiter, n)
	var wg sync.WaitGroup
	bs := make([]notify.Broadcast, 3)
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
		var shared notify.Contexts
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
		var shared notify.Contexts
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
		var shared notify.Contexts
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
		var shared notify.Contexts
		var past []func()
		for range 300 {
			ctx, cancel := context.WithCancel(t.Context())
			_, ended := parkedUnder(ctx, &shared, 1)
			past = append(past, cancel, ended)
		}
		assert.Equal(t, 300, shared.Room())
		for _, f := range past {
			f()
		}
		synctest.Wait()
		assert.LessOrEqual(t, shared.Room(), notify.MinSweep)
	})
}

func TestPanicOfARegistrationLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared notify.Contexts
		var w notify.Waiter
		ctx := testkit.Aloof{Foreign: testkit.Foreign{Context: t.Context()}}
		var b notify.Broadcast
		first := make(chan struct{})
		go func() {
			w.Park(ctx, &b, &shared)
			close(first)
		}()
		synctest.Wait()
		b.Fire()
		<-first
		assert.Panics(t, func() { w.Park(ctx, new(notify.Broadcast), &shared) })
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
	var shared notify.Contexts
	ws := make([]notify.Waiter, 4)
	for range rounds {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for i := range ws {
			wg.Go(func() {
				var b notify.Broadcast
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
	t.Run("closed after it", func(t *testing.T) { panicOfALateRegistration(t, (*notify.Waiter).Close, func(*notify.Waiter) {}) })
	t.Run("closed before it", func(t *testing.T) { panicOfALateRegistration(t, func(*notify.Waiter) {}, (*notify.Waiter).Close) })
}

func panicOfALateRegistration(t *testing.T, after, before func(*notify.Waiter)) {
	var shared notify.Contexts
	var fired notify.Broadcast
	fired.Fire()
	var late, early notify.Waiter
	ctx := &hookedContext{Foreign: testkit.Foreign{Context: t.Context()}, left: func() { panic("left") }}
	twice := func(w *notify.Waiter) {
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
