package remote

import (
	"context"
	"sync"

	"github.com/eventvalue/event"
)

// A rangeKey is one key of a Range: the keySource of a Value that [Range.Value]
// returns. While the Value has watchers, the rangeKey holds the session of the
// Range, and its state is attached to the Range's table.
type rangeKey[T any] struct {
	feed *feed[*table[T]]
	key  string

	// life ends when the Value is closed. Its cause is the error of later writes.
	life context.Context
	end  context.CancelCauseFunc

	mu    sync.Mutex // held while feed.mu or table.mu is locked, not the other way round
	refs  int
	state *keyState[T] // nil without watchers; after a Close, the last state
	table *table[T]    // what state is attached to, or nil
}

func newRangeKey[T any](f *feed[*table[T]], key string) *rangeKey[T] {
	life, end := context.WithCancelCause(context.Background())
	return &rangeKey[T]{feed: f, key: key, life: life, end: end}
}

// acquireKey implements [keySource].
func (k *rangeKey[T]) acquireKey() *keyState[T] {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state == nil {
		s, _ := k.feed.acquire()
		k.state, k.table = &keyState[T]{key: k.key}, s.sink
		k.table.attach(k.state)
	}
	k.refs++
	return k.state
}

// releaseKey implements [keySource].
func (k *rangeKey[T]) releaseKey() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.refs--; k.refs > 0 || k.life.Err() != nil {
		return
	}
	k.detach()
	k.state = nil
}

// detach ends the updates of state. The caller holds mu.
func (k *rangeKey[T]) detach() {
	k.table.detach(k.state)
	k.table = nil
	k.feed.release()
}

// closeWithError implements [keySource]. It leaves the Range open.
func (k *rangeKey[T]) closeWithError(cause error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.life.Err() != nil {
		return
	}
	if k.state == nil {
		k.state = &keyState[T]{key: k.key}
	} else {
		k.detach()
	}
	k.state.closeWithError(cause)
	k.end(closedError(cause))
}

// sync implements [keySource].
func (k *rangeKey[T]) sync(ctx context.Context, op string, revision int64) error {
	return k.feed.sync(ctx, k.life, op, revision)
}

// connection implements [keySource]. It is the Range's.
func (k *rangeKey[T]) connection() *event.MemoryValue[Status] { return &k.feed.status }

// backend implements [target].
func (k *rangeKey[T]) backend() (Store, Scope) { return k.feed.backend() }

// err implements [target].
func (k *rangeKey[T]) err() error {
	if err := context.Cause(k.life); err != nil {
		return err
	}
	return k.feed.err()
}

// noteWrite implements [target].
func (k *rangeKey[T]) noteWrite(revision int64) { k.feed.noteWrite(revision) }
