package notify_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/notify"
)

func TestWaiterWaitsForOneBroadcastAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w notify.Waiter
		waited := make(chan error)
		for range 3 {
			var b notify.Broadcast
			done := w.Done(&b)
			go func() { waited <- w.Wait(t.Context(), &b) }()
			synctest.Wait()
			assert.False(t, testkit.IsClosed(done))
			b.Fire()
			assert.NoError(t, <-waited)
			assert.True(t, testkit.IsClosed(done))
		}
		w.Close()
	})
}

func TestWaiterWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w notify.Waiter
		var b notify.Broadcast
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error)
		go func() { waited <- w.Wait(ctx, &b) }()
		synctest.Wait()
		cancel()
		assert.Equal(t, context.Canceled, <-waited)
		go func() { waited <- w.Wait(t.Context(), &b) }()
		synctest.Wait()
		w.Close()
		assert.Equal(t, notify.ErrWaiterClosed, <-waited)
		b.Fire()
		assert.Equal(t, context.Canceled, w.Wait(ctx, &b), "an ended context wins over Close")
		assert.Equal(t, notify.ErrWaiterClosed, w.Wait(t.Context(), &b), "Close wins over Fire")
	})
}

// half is a context whose Err is nil after its channel has been closed.
type half struct {
	context.Context
	done chan struct{}
}

func (h half) Done() <-chan struct{} { return h.done }

func TestHalfEndedContextEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := half{t.Context(), make(chan struct{})}
		waited := make(chan error)
		var w notify.Waiter
		defer w.Close()
		for _, wait := range []func(context.Context, *notify.Broadcast) error{
			w.Wait,
			func(ctx context.Context, b *notify.Broadcast) error { return b.Wait(ctx) },
		} {
			ctx.done = make(chan struct{})
			for range 3 { // The last two begin after the end.
				go func() { waited <- wait(ctx, new(notify.Broadcast)) }()
				synctest.Wait()
				if !testkit.IsClosed(ctx.done) {
					close(ctx.done)
				}
				assert.Equal(t, context.Canceled, <-waited)
			}
		}
	})
}
