package remote

import (
	"context"

	"github.com/eventvalue/event"
)

// A Range is all keys of a [Store] with a prefix as an Event Value: its watchers, in any number of
// processes, get an [Entry] for each key and for each change of one.
//
// Entries of different keys do not replace each other: a watcher gets the newest of every key,
// in the order in which they last changed. It skips what a key was in between. A key that
// was deleted is an Entry without Present. A watcher begins with an Entry that has
// Restart set, and gets another one should it fall so far behind that a deletion that it has
// not seen is forgotten; at least the last 512 are remembered. [Entry.Apply] does what is to be done.
//
// Use [NewRange] to make one; the zero Range is of no use. It must not be copied. All methods may
// be called concurrently.
//
// The first watcher starts to follow the store and the Close of the last ends that, so
// close watchers. One follows for all of them, and a value is decoded once. A Range holds each key
// once, as bytes and decoded, and twice for the moment in which a whole state comes. What
// is gone is freed, its room in a map and a list only when nobody watches.
type Range[T any] struct {
	codec Codec[T]
	feed  *feed[*table[T]]
}

// NewRange returns the Range of all keys that begin with prefix in store; with an empty
// prefix, that is all keys. It does not use the store yet. NewRange panics if store or codec is nil.
func NewRange[T any](store Store, prefix string, codec Codec[T]) *Range[T] {
	if store == nil {
		panic("remote: NewRange: nil store")
	}
	if codec == nil {
		panic("remote: NewRange: nil codec")
	}
	newSink := func() *table[T] { return newTable(codec) }
	return &Range[T]{codec: codec, feed: newFeed(store, Prefix(prefix), newSink)}
}

// Keyed marks a value whose watchers get entries that do not replace each other. Package event
// refuses, or treats apart, such a value where it matters.
func (r *Range[T]) Keyed() {}

// Watch returns a new watcher. Its first Get waits until the store has told the present state,
// if this is the first watcher, and so does one with BacklogOnly, which after that gives what is
// pending and then [event.BacklogDone]. What its Get returns is described in the documentation of the package. A
// watcher costs two objects, and a Get a mutex and a search in the order of the entries, but no
// allocation unless it waits. What the search passes because it has moved on, it passes once, unless the Get fails.
func (r *Range[T]) Watch() event.Watcher[Entry[T]] {
	s := r.feed.acquire()
	return &rangeWatcher[T]{
		notifier: s.sink.notifier.Watch(),
		table:    s.sink,
		release:  func() { r.feed.release(s) },
	}
}

// Set writes val under key and returns the revision of that, which Sync takes. It waits for the
// store, not for watchers. Errors are those of [Value.Set], in that order, with [ErrKey] also for a key without
// the prefix. Set panics if ctx is nil.
func (r *Range[T]) Set(ctx context.Context, key string, val T) (revision int64, err error) {
	return put(ctx, "Range.Set", r.feed, r.codec, key, val, Condition{})
}

// CompareAndSet is Set provided that the key is at the given revision, that of an [Entry], or
// absent if revision is 0. Else it returns [ErrConflict] and has written nothing.
func (r *Range[T]) CompareAndSet(ctx context.Context, key string, revision int64, val T) (int64, error) {
	return put(ctx, "Range.CompareAndSet", r.feed, r.codec, key, val, At(revision))
}

// Delete removes key and returns the revision of that, or the store's present one if there
// was no such key. Errors are those of Set.
func (r *Range[T]) Delete(ctx context.Context, key string) (revision int64, err error) {
	return remove(ctx, "Range.Delete", r.feed, key, Condition{})
}

// CompareAndDelete is Delete provided that the key is at the given revision. Else it returns
// [ErrConflict] and has removed nothing.
func (r *Range[T]) CompareAndDelete(ctx context.Context, key string, revision int64) (int64, error) {
	return remove(ctx, "Range.CompareAndDelete", r.feed, key, At(revision))
}

// Sync waits until what watchers get is at least as new as revision. See [Value.Sync].
func (r *Range[T]) Sync(ctx context.Context, revision int64) error {
	return r.feed.sync(ctx, "Range.Sync", revision)
}

// Status returns how the Range stands with the store. See [Value.Status].
func (r *Range[T]) Status() event.ValueWatch[Status] { return &r.feed.status }

// Close is CloseWithError(nil).
func (r *Range[T]) Close() error { return r.CloseWithError(nil) }

// CloseWithError ends the Range. See [Value.CloseWithError]: here the state that was known last is
// what of it a watcher has not seen.
func (r *Range[T]) CloseWithError(cause error) error {
	r.feed.closeWithError(nil, cause)
	return nil
}
