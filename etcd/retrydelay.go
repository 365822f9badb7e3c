package etcd

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 2 * time.Second

	// For a server that refuses. An administrator does not notice the delay.
	minRefusedBackoff = time.Second
	maxRefusedBackoff = 30 * time.Second
)

// A retryDelay is the delay before the next attempt.
type retryDelay struct{ least, most, last time.Duration }

// reset makes the next delay the least one.
func (r *retryDelay) reset() { r.last = 0 }

// next returns the next delay. Each delay is twice the one before, from least to
// most. A random part of at most a half is subtracted, so
// that the clients of a lost server do not reach the next server at the same
// moment.
func (r *retryDelay) next() time.Duration {
	r.last = min(max(2*r.last, r.least), r.most)
	return r.last - rand.N(r.last/2)
}

// wait waits for the next delay, or until ctx ends.
func (r *retryDelay) wait(ctx context.Context) {
	t := time.NewTimer(r.next())
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
