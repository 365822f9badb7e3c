package etcd

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstWait = 50 * time.Millisecond
	longest   = 2 * time.Second
)

// A retry is how long to wait before something is tried again. The zero retry is ready.
type retry struct{ last time.Duration }

// next returns how long to wait: twice as long from one time to the next up to a limit,
// less a random part of up to a half, so that those who lost one server do not all
// come to the next at once.
func (r *retry) next() time.Duration {
	r.last = min(max(2*r.last, firstWait), longest)
	return r.last - rand.N(r.last/2)
}

// wait waits for that long, or until ctx ends.
func (r *retry) wait(ctx context.Context) {
	t := time.NewTimer(r.next())
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
