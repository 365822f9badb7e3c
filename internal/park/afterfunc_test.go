package park_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/testkit"
)

// hasty is a context that calls its registered function before it closes its
// channel.
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
		var b park.Broadcast
		c := waiting(ctx, w, &b)
		require.NotPanics(t, ctx.end)
		assert.ErrorIs(t, <-c, context.DeadlineExceeded)
	})
}

// silent is a context whose Err is nil after its channel has been closed.
type silent struct {
	testkit.Foreign
	done chan struct{}
}

func (s *silent) Done() <-chan struct{} { return s.done }
func (s *silent) Err() error            { return nil }

// Without the wrapper, package context panics in a goroutine of its own, and the
// process ends.
func TestContextThatEndsWithoutAnErrorEndsNothingElse(t *testing.T) {
	for _, rounds := range []int{0, 1, 2} { // After two the Waiter is registered.
		synctest.Test(t, func(t *testing.T) {
			ctx := &silent{testkit.Foreign{Context: t.Context()}, make(chan struct{})}
			w := used(t, ctx, rounds)
			var b park.Broadcast
			c := waiting(ctx, w, &b)
			close(ctx.done)
			assert.Equal(t, context.Canceled, <-c)
			assert.Equal(t, context.Canceled, w.Wait(ctx, &b))
			b.Fire()
			assert.NoError(t, w.Wait(ctx, &b), "there is nothing to wait for")
			assert.NoError(t, w.Wait(t.Context(), &b))
			w.Close()
			assert.Equal(t, park.ErrClosed, w.Wait(ctx, new(park.Broadcast)))
		})
	}
}

func TestContextErr(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(park.ErrClosed)
	closed := make(chan struct{})
	close(closed)
	for want, ctx := range map[error]context.Context{
		nil:                      &silent{testkit.Foreign{Context: t.Context()}, make(chan struct{})},
		context.Canceled:         &silent{testkit.Foreign{Context: t.Context()}, closed},
		context.DeadlineExceeded: &hasty{done: closed, err: context.DeadlineExceeded},
	} {
		assert.Equal(t, want, park.ContextErr(ctx))
	}
	assert.Equal(t, context.Canceled, park.ContextErr(ended))
	assert.NoError(t, park.ContextErr(context.Background()), "it has no Done channel")
}

// impatient is a context that calls a function when it is registered, but whose
// channel stays open.
type impatient struct {
	testkit.Foreign
	done  chan struct{}
	calls *int
}

func (c impatient) Done() <-chan struct{} { return c.done }

func (c impatient) AfterFunc(f func()) func() bool {
	if *c.calls++; *c.calls > 100 {
		panic("spins")
	}
	go f()
	return func() bool { return false }
}

func TestContextThatCallsAtOnceDoesNotMakeAWaitSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := impatient{testkit.Foreign{Context: t.Context()}, make(chan struct{}), new(int)}
		w := used(t, ctx, 3)
		var b park.Broadcast
		c := waiting(ctx, w, &b)
		assert.Empty(t, c)
		assert.LessOrEqual(t, *ctx.calls, 4)
		close(ctx.done)
		assert.Equal(t, context.Canceled, <-c)
		c = waiting(t.Context(), w, &b)
		assert.Empty(t, c, "the Waiter can be used again")
		b.Fire()
		assert.NoError(t, <-c)
	})
}
