package remote

import (
	"context"

	"github.com/eventvalue/event"
)

// A keySource keeps the state of the key of a [Value] up to date while the key
// has watchers.
type keySource[T any] interface {
	target
	// acquireKey returns the state of the key. It is kept up to date at least
	// until releaseKey. Call releaseKey once for each acquireKey.
	acquireKey() *keyState[T]
	releaseKey()
	// sync waits until that state is at least as new as revision. op names the
	// exported method for panics.
	sync(ctx context.Context, op string, revision int64) error
	// connection returns the status of the connection to the store.
	connection() *event.MemoryValue[Status]
	// numbers returns what InspectConnection reports.
	numbers() map[string]uint64
	// closeWithError closes the Value.
	closeWithError(cause error)
}

// A keyFeed is a feed of one key: the keySource of a Value that follows the
// store itself.
type keyFeed[T any] struct{ *feed[*keyState[T]] }

func (f keyFeed[T]) acquireKey() *keyState[T] {
	s, _ := f.acquire()
	return s.sink
}

func (f keyFeed[T]) releaseKey() { f.release() }

func (f keyFeed[T]) sync(ctx context.Context, op string, revision int64) error {
	return f.feed.sync(ctx, context.Background(), op, revision)
}
