package model

import (
	"context"
	"sync"

	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/notify"
)

// A Broadcast is the model of a notify.Broadcast. The zero Broadcast is ready.
// It must not be copied after first use.
type Broadcast struct {
	mu    sync.Mutex
	fired bool
	done  chan struct{} // Closed if fired; nil if Done has not been called before Fire.
}

// Fire fires b.
func (b *Broadcast) Fire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.fired && b.done != nil {
		close(b.done)
	}
	b.fired = true
}

// Fired reports whether b has fired.
func (b *Broadcast) Fired() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fired
}

// Done returns the channel that Fire closes.
func (b *Broadcast) Done() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fired {
		return testkit.Closed
	}
	if b.done == nil {
		b.done = make(chan struct{})
	}
	return b.done
}

// A Waiter is the model of a notify.Waiter. It must not be used concurrently.
type Waiter struct{ closed bool }

// Close closes w.
func (w *Waiter) Close() { w.closed = true }

// Wait returns the result of a Wait, or reports that the Wait blocks.
func (w *Waiter) Wait(ctx context.Context, b *Broadcast) (err error, blocked bool) {
	switch {
	case ctx.Err() != nil:
		return ctx.Err(), false
	case w.closed:
		return notify.ErrWaiterClosed, false
	default:
		return nil, !b.Fired()
	}
}
