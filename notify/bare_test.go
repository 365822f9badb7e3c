package notify_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/notify"
)

// hasty is a context that calls what is registered with it before it closes its channel: package
// context asks then why it has ended, and panics if it has not.
type hasty struct {
	testkit.Foreign
	done chan struct{}
	err  error
	f    func()
}

func (h *hasty) Done() <-chan struct{} { return h.done }
func (h *hasty) Err() error            { return h.err }

func (h *hasty) AfterFunc(f func()) func() bool {
	h.f = f
	return func() bool { return true }
}

func (h *hasty) end() {
	h.err = context.DeadlineExceeded
	h.f()
	close(h.done)
}

func TestContextThatCallsBeforeItsChannelIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := &hasty{Foreign: testkit.Foreign{Context: t.Context()}, done: make(chan struct{})}
		w := used(t, ctx, 2)
		require.NotNil(t, ctx.f)
		var b notify.Broadcast
		c := waiting(ctx, w, &b)
		require.NotPanics(t, ctx.end)
		assert.ErrorIs(t, <-c, context.DeadlineExceeded)
	})
}

// Who does what was left to him does not call other people's contexts: they may wait for what he holds.
func TestWhoComesByDoesNotWaitForAnothersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared notify.Contexts
		lock := make(chan struct{}, 1)
		ctx := &hookedContext{testkit.Foreign{Context: t.Context()}, func() {}, func() { lock <- struct{}{} }}
		ws, ended := parkedUnder(ctx, &shared, 1)
		release := shared.Hold()
		ws[0].Close()
		lock <- struct{}{}
		release()
		assert.Zero(t, shared.Len())
		<-lock
		synctest.Wait()
		assert.Len(t, lock, 1, "it was left")
		ended()
	})
}

// Who leaves a context that panics has still to do what was left to him meanwhile.
func TestLeavingGoesOnAfterAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared notify.Contexts
		living, cancel := context.WithCancel(t.Context())
		defer cancel()
		meanwhile := func() {}
		ctx := &hookedContext{testkit.Foreign{Context: living}, func() {}, func() { meanwhile(); panic("fragile") }}
		ws, ended := parkedUnder(ctx, &shared, 1)
		others, alsoEnded := parkedUnder(t.Context(), &shared, 1)
		meanwhile = func() { shared.During(others[0].Close) }
		require.Equal(t, 2, shared.Len())
		assert.PanicsWithValue(t, "fragile", ws[0].Close)
		ended()
		alsoEnded()
		assert.Zero(t, shared.Len())
	})
}
