package remote

import (
	"context"

	"github.com/eventvalue/event"
)

// A Value is one key of a [Store] as an Event Value: its watchers, in any number of processes,
// follow what anyone writes there.
//
// Use [NewValue] to make one; the zero Value is of no use. It must not be copied. All methods
// may be called concurrently.
//
// The first watcher starts to follow the store and the Close of the last ends that, so close
// watchers. One follows for all of them, and a value is decoded once. The writes of a key, by
// whatever Value or machine, are ordered by the store. In the terminology of the Go memory model,
// the decoding of a value synchronizes before the Get that returns it or a later one; whether a Set does
// is the store's affair.
type Value[T any] struct {
	key   string
	codec Codec[T]
	feed  *feed[*keyState[T]]
}

// NewValue returns the Value of key in store. It does not use the store yet. If key is empty,
// the Value has ended, with [ErrKey]. NewValue panics if store or codec is nil.
func NewValue[T any](store Store, key string, codec Codec[T]) *Value[T] {
	if store == nil {
		panic("remote: NewValue: nil store")
	}
	if codec == nil {
		panic("remote: NewValue: nil codec")
	}
	newCell := func() *keyState[T] { return &keyState[T]{key: key, codec: codec} }
	v := &Value[T]{key: key, codec: codec, feed: newFeed(store, Key(key), newCell)}
	if err := CheckKey(key); err != nil {
		v.feed.closeWithError(nil, err)
	}
	return v
}

// Watch returns a new watcher. Its first Get waits until the store has told the present state,
// if this is the first watcher, and so does one with BacklogOnly. What its Get returns is
// described in the documentation of the package. It costs two objects.
func (v *Value[T]) Watch() event.Watcher[Entry[T]] {
	s := v.feed.acquire()
	return &valueWatcher[T]{
		state:   s.sink,
		inner:   s.sink.item.Watch(),
		release: func() { v.feed.release(s) },
	}
}

// Set writes val and returns the revision of that, which Sync takes. It waits for the store,
// not for watchers. Set panics if ctx is nil.
//
// Its errors, of which the first wins: [ErrKey]; [event.ErrClosed], with its cause, if the Value has
// ended; the codec's within [ErrBadValue]; those of [Store.Put], the context's among them. A write in
// progress when the Value ends goes on, and may succeed.
func (v *Value[T]) Set(ctx context.Context, val T) (revision int64, err error) {
	return put(ctx, "Value.Set", v.feed, v.codec, v.key, val, Condition{})
}

// CompareAndSet is Set provided that the key is at the given revision, that of an [Entry], or
// absent if revision is 0. Else it returns [ErrConflict] and has written nothing.
func (v *Value[T]) CompareAndSet(ctx context.Context, revision int64, val T) (int64, error) {
	return put(ctx, "Value.CompareAndSet", v.feed, v.codec, v.key, val, At(revision))
}

// Delete removes the key and returns the revision of that, or the store's present one if
// there was no key. Errors are those of Set.
func (v *Value[T]) Delete(ctx context.Context) (revision int64, err error) {
	return remove(ctx, "Value.Delete", v.feed, v.key, Condition{})
}

// CompareAndDelete is Delete provided that the key is at the given revision. Else it returns
// [ErrConflict] and has removed nothing.
func (v *Value[T]) CompareAndDelete(ctx context.Context, revision int64) (int64, error) {
	return remove(ctx, "Value.CompareAndDelete", v.feed, v.key, At(revision))
}

// Sync waits until what watchers get is at least as new as revision: after a Set, Sync with
// what that returned lets a Get see it, or something newer. It returns nil then, and else ctx.Err(), the
// value's end, or [ErrReset] if the store was seen to go back in the meantime. After a reset, a revision from before
// it may be long in coming: give ctx an end. While nobody watches, Sync follows the store
// itself, and each such Sync asks it anew for the whole state. Sync panics if ctx is nil.
func (v *Value[T]) Sync(ctx context.Context, revision int64) error {
	return v.feed.sync(ctx, "Value.Sync", revision)
}

// Status returns how the Value stands with the store, as an Event Value that always has data.
// Watching it does not start to follow the store. It ends with the Value.
func (v *Value[T]) Status() event.ValueWatch[Status] { return &v.feed.status }

// Close is CloseWithError(nil).
func (v *Value[T]) Close() error { return v.CloseWithError(nil) }

// CloseWithError ends the Value: nothing is followed any more, each watcher, also a later one, gets
// the state that was known last once, if there was one, and then [event.ErrClosed] with the cause, and
// writes that begin later fail with that. What is in the store stays. The first Close wins. It waits for nothing: what the
// store is in the middle of may take a moment longer to end. It returns nil.
func (v *Value[T]) CloseWithError(cause error) error {
	v.feed.closeWithError(nil, cause)
	return nil
}
