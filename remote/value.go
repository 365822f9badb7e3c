package remote

import (
	"context"

	"github.com/eventvalue/event"
)

// A Value is one key of a [Store] as an Event Value. Its watchers, in any
// number of processes, follow all writes to the key.
//
// Use [NewValue] or [Range.Value] to create a Value; the zero Value is not
// usable. A Value must not be copied. All methods may be called concurrently.
//
// The first watcher starts to follow the store. The Close of the last watcher
// stops that, so close watchers. All watchers share one Follow, and each value
// is decoded once.
//
// The store orders the writes to a key, from all Values and machines. In the
// terminology of the Go memory model, the decoding of a value synchronizes
// before the Get that returns it, or a later value. The store defines whether a
// Set synchronizes before that Get.
type Value[T any] struct {
	key    string
	codec  Codec[T]
	source keySource[T]
}

// NewValue returns the Value of key in store. It does not call the store yet.
// If key is empty, the Value is closed with [ErrKey]. NewValue panics if store
// or codec is nil.
//
// Cost: a Value with watchers is one Follow of the store. For many keys with one
// prefix, use [Range.Value].
func NewValue[T any](store Store, key string, codec Codec[T]) *Value[T] {
	if store == nil {
		panic("remote: NewValue: nil store")
	}
	if codec == nil {
		panic("remote: NewValue: nil codec")
	}
	newState := func() *keyState[T] { return &keyState[T]{key: key, codec: codec} }
	v := &Value[T]{key, codec, keyFeed[T]{newFeed(store, Key(key), newState)}}
	if err := CheckKey(key); err != nil {
		v.source.closeWithError(err)
	}
	return v
}

// Watch returns a new watcher. Its first Get is as of Watch. Without another
// watcher, that Get waits for a state that contains every write that had returned
// before Watch was called. With another watcher, it returns the newest state that
// this process has received. That can be behind a write that has returned: use
// Sync to wait for the write.
//
// Until the first full state has arrived there is nothing to get. A Get with
// BacklogOnly returns [event.BacklogDone] then. The package documentation
// describes the results of Get. A Value is not an [event.Loader], so event.Load
// returns false: read the state once by event.Wait, as the example does.
//
// Cost: Watch allocates two objects.
func (v *Value[T]) Watch() event.Watcher[Entry[T]] {
	return &valueWatcher[T]{inner: v.source.acquireKey().item.Watch(), source: v.source}
}

// Set writes val and returns the revision of the write, which Sync takes. It
// waits for the store, but not for watchers. Set panics if ctx is nil.
//
// Set returns the first of the following errors that applies:
//
//   - [ErrKey], if the key is empty, or outside the Range of the Value.
//   - [event.ErrClosed] with its cause, if the Value is closed.
//   - [ErrBadValue] with the codec's error, if val cannot be encoded.
//   - The error of [Store.Put]: for example [ErrRefused], or ctx's error.
//
// A write in progress when the Value is closed continues, and may succeed.
func (v *Value[T]) Set(ctx context.Context, val T) (revision int64, err error) {
	return put(ctx, "Value.Set", v.source, v.codec, v.key, val, Condition{})
}

// CompareAndSet is like Set, but writes only if the key is at the given
// revision, which an [Entry] holds. Revision 0 means that the key is absent. If
// the condition does not hold, CompareAndSet returns [ErrConflict], and nothing
// was written.
func (v *Value[T]) CompareAndSet(ctx context.Context, revision int64, val T) (int64, error) {
	return put(ctx, "Value.CompareAndSet", v.source, v.codec, v.key, val, At(revision))
}

// Delete removes the key and returns the revision of the deletion. If the key
// is absent, it returns the present revision of the store. Errors are as for
// Set.
func (v *Value[T]) Delete(ctx context.Context) (revision int64, err error) {
	return remove(ctx, "Value.Delete", v.source, v.key, Condition{})
}

// CompareAndDelete is like Delete, but removes the key only if it is at the
// given revision. Otherwise it returns [ErrConflict], and nothing was removed.
func (v *Value[T]) CompareAndDelete(ctx context.Context, revision int64) (int64, error) {
	return remove(ctx, "Value.CompareAndDelete", v.source, v.key, At(revision))
}

// Sync waits until the state that watchers get is at least as new as revision.
// It is for reading what was written: call it with the revision that a Set
// returned, or that another process has got. Then a Get returns that write, or a
// newer state.
//
// Sync returns the first of the following that applies:
//
//   - ctx.Err(), if ctx has ended, even if the revision is reached. If Sync has
//     waited while the store was not [Connected], the error also wraps the Reason
//     of the Status, as in a Get.
//   - [event.ErrClosed] with its cause, if the Value is closed.
//   - [ErrReset], if a reset of the store was noticed while Sync waited, or after
//     the write through this Value that returned revision.
//   - nil, if the revision is reached.
//   - [ErrRevision], if the store has no such revision.
//
// A number does not tell which store it belongs to, or which side of a reset.
// Sync returns nil at once for a revision of another store if this store is past
// it. It does the same for a write that a reset has undone once the store is past
// it, except for the last 64 writes through this Value. A reset is not noticed
// while nothing watches; see [ErrReset] for resets that are never noticed.
//
// Sync panics if ctx is nil.
//
// Cost: without a watcher, each Sync follows the store itself, and requests the
// full state. If there is a watcher, a Sync that has waited for a second follows
// one key for a moment, to get the store's revision. Concurrent Syncs share that.
func (v *Value[T]) Sync(ctx context.Context, revision int64) error {
	return v.source.sync(ctx, "Value.Sync", revision)
}

// Status returns the state of the connection to the store, as an Event Value
// that always has data. Its watchers do not make the Value follow the store, but a
// Sync does while it waits. The Status is closed with the Value.
//
// The Status of a Value of a Range is the Range's, and is closed with the Range.
// It does not change when the Value is closed, or if the key is outside the Range:
// watchers of that Value report the end.
func (v *Value[T]) Status() event.ValueWatch[Status] { return v.source.connection() }

// Close is CloseWithError(nil).
func (v *Value[T]) Close() error { return v.CloseWithError(nil) }

// CloseWithError closes the Value, and always returns nil. Only the first Close
// has an effect. It does not change the store.
//
// Each watcher, existing or new, gets the last known state once, if there is
// one. After that it gets [event.ErrClosed] with the cause. Later writes fail
// with the same error.
//
// CloseWithError does not wait. A call to the store that is in progress may end
// somewhat later.
func (v *Value[T]) CloseWithError(cause error) error {
	v.source.closeWithError(cause)
	return nil
}
