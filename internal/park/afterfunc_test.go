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
	synctest.Test(t, func(t *testing.T) {
		ctx := &silent{testkit.Foreign{Context: t.Context()}, make(chan struct{})}
		w := used(t, ctx, 2)
		var b park.Broadcast
		c := waiting(ctx, w, &b)
		close(ctx.done)
		b.Fire()
		assert.NoError(t, <-c)
	})
}
