package notify_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/notify"
)

func TestBroadcastFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b notify.Broadcast
		done, waited := b.Done(), make(chan error, 1)
		go func() { waited <- b.Wait(t.Context()) }()
		synctest.Wait()
		assert.False(t, b.Fired())
		assert.False(t, testkit.IsClosed(done))
		assert.Empty(t, waited)
		b.Fire()
		assert.True(t, b.Fired())
		assert.True(t, testkit.IsClosed(done))
		assert.NoError(t, <-waited)
		assert.True(t, testkit.IsClosed(b.Done()))
		assert.NoError(t, b.Wait(t.Context()))
	})
}

func TestBroadcastWaitEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b notify.Broadcast
	assert.Equal(t, context.Canceled, b.Wait(ctx))
	b.Fire()
	assert.Equal(t, context.Canceled, b.Wait(ctx), "an ended context wins")
}

func TestRelayFiresUntilStopped(t *testing.T) {
	var b, to, other, late notify.Broadcast
	b.Relay(&to)
	r := b.Relay(&other)
	r.Stop()
	r.Stop()
	b.Fire()
	assert.True(t, to.Fired())
	assert.False(t, other.Fired())
	b.Relay(&late).Stop()
	assert.True(t, late.Fired(), "b has fired already")
	new(notify.Relay).Stop()
}

func TestBadUsePanics(t *testing.T) {
	var b notify.Broadcast
	var w notify.Waiter
	var none context.Context
	assert.PanicsWithValue(t, "notify: Broadcast.Wait: nil context", func() { _ = b.Wait(none) })
	assert.PanicsWithValue(t, "notify: Broadcast.Relay: nil broadcast", func() { b.Relay(nil) })
	assert.PanicsWithValue(t, "notify: Waiter.Wait: nil context", func() { _ = w.Wait(none, &b) })
	assert.PanicsWithValue(t, "notify: Waiter.Wait: nil broadcast", func() { _ = w.Wait(t.Context(), nil) })
	assert.PanicsWithValue(t, "notify: Waiter.Done: nil broadcast", func() { w.Done(nil) })
}
