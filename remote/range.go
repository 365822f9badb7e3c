package remote

import (
	"context"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
)

// A Range is all keys of a [Store] with a prefix, as an Event Value. Its
// watchers, in any number of processes, get an [Entry] for each key and for
// each change of a key.
//
// Entries of different keys do not replace each other. A watcher gets the
// newest Entry of every key, in the order in which the keys last changed. It
// skips older states of a key. The Entry of a deleted key has Present false.
//
// The first Entry of a watcher has Restart set. A watcher gets a Restart again
// if it falls so far behind that the deletion of a key is discarded that it may
// have got before. A Range keeps the newest deletions: from half as many to as many
// as it has keys, and 512 to 1,024 if it has less than 1,024 keys. A key that was
// created and deleted while a watcher was behind costs the watcher nothing.
// [Entry.Apply] does what each Entry means for a table.
//
// Use [NewRange] to create a Range; the zero Range is not usable. A Range must
// not be copied. All methods may be called concurrently.
//
// A Range is keyed: its value is several states, each under a key. So functions of
// package event that would mix entries of different keys panic: [event.Combine],
// [event.CombineAll], [event.Debounce], [event.DebounceMax], [event.Distinct],
// [event.DistinctFunc], [event.Memo], [event.Rate] and [event.RunWhile]. A view by
// [event.Map] or [event.Where] is keyed as well.
//
// The first watcher starts to follow the store. The Close of the last watcher
// stops that, so close watchers. All watchers share one Follow, and each value
// is decoded once.
//
// Cost: a Range holds each key once, encoded and decoded, and twice while a
// full state arrives. Deleted keys are freed. Their room in a map and a slice
// is freed when the last watcher is closed.
type Range[T any] struct {
	codec Codec[T]
	feed  *feed[*table[T]]
}

// NewRange returns the Range of all keys in store that begin with prefix. An
// empty prefix selects all keys. NewRange does not call the store yet. It
// panics if store or codec is nil.
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

// Capabilities reports to package event that the entries do not replace each
// other. Package event refuses such a value, or treats it differently, where that
// matters.
func (r *Range[T]) Capabilities() capability.Set { return capability.Set{Keyed: true, Ender: r} }

// Watch returns a new watcher. Its first Entry is a Restart, and the entries
// after it are the state that this process has received. See
// [Value.Watch] for how old that state can be.
//
// A Get with BacklogOnly returns the pending entries and then
// [event.BacklogDone]. Until the first full state has arrived nothing is
// pending. So BacklogDone reports that all entries were returned only after the
// Restart. The package documentation describes the results of Get.
//
// Cost: Watch allocates two objects. A Get locks a mutex and searches the log
// of the Range. It allocates nothing unless it waits. A search skips outdated
// positions of the log, each of them once unless the Get fails.
func (r *Range[T]) Watch() event.Watcher[Entry[T]] {
	s, _ := r.feed.acquire()
	return &rangeWatcher[T]{
		notifier: s.sink.notifier.Watch(),
		table:    s.sink,
		status:   &r.feed.status,
		release:  r.feed.release,
	}
}

// Value returns a new Value of key, which shares the Range's Follow. It has the
// Range's codec. If key is empty or lacks the prefix, the Value is closed with
// [ErrKey].
//
// A watcher of the Value makes the Range follow the store, as a watcher of the
// Range does. Each value is decoded once for all of them. Sync waits for the
// Range. Status is the Range's: see [Value.Status].
//
// The Close of the Range closes the Value with the same cause. The Close of the
// Value leaves the Range open. A Value need not be closed: without watchers, the
// Range does not refer to it.
//
// Cost: use it for many keys with one prefix. A thousand Values that [NewValue]
// returns are a thousand Follows. A thousand Values of a Range are one, but the
// process holds all keys of the Range. A Value with watchers costs some small
// objects.
func (r *Range[T]) Value(key string) *Value[T] {
	v := &Value[T]{key, r.codec, newRangeKey(r.feed, key)}
	if err := r.feed.scope.Check(key); err != nil {
		v.source.closeWithError(err)
	}
	return v
}

// Set writes val under key and returns the revision of the write, which Sync
// takes. It waits for the store, but not for watchers. Errors are as for
// [Value.Set]. Set returns [ErrKey] if key is empty or lacks the prefix. Set
// panics if ctx is nil.
func (r *Range[T]) Set(ctx context.Context, key string, val T) (revision int64, err error) {
	return put(ctx, "Range.Set", r.feed, r.codec, key, val, Condition{})
}

// CompareAndSet is like Set, but writes only if the key is at the given
// revision, which an [Entry] holds. Revision 0 means that the key is absent. If
// the condition does not hold, CompareAndSet returns [ErrConflict], and nothing
// was written.
func (r *Range[T]) CompareAndSet(ctx context.Context, key string, revision int64, val T) (int64, error) {
	return put(ctx, "Range.CompareAndSet", r.feed, r.codec, key, val, At(revision))
}

// Delete removes key and returns the revision of the deletion. If the key is
// absent, it returns the present revision of the store. Errors are as for Set.
func (r *Range[T]) Delete(ctx context.Context, key string) (revision int64, err error) {
	return remove(ctx, "Range.Delete", r.feed, key, Condition{})
}

// CompareAndDelete is like Delete, but removes the key only if it is at the
// given revision. Otherwise it returns [ErrConflict], and nothing was removed.
func (r *Range[T]) CompareAndDelete(ctx context.Context, key string, revision int64) (int64, error) {
	return remove(ctx, "Range.CompareAndDelete", r.feed, key, At(revision))
}

// Sync waits until the state that watchers get is at least as new as revision.
// See [Value.Sync].
func (r *Range[T]) Sync(ctx context.Context, revision int64) error {
	return r.feed.sync(ctx, context.Background(), "Range.Sync", revision)
}

// Status returns the state of the connection to the store. See [Value.Status].
func (r *Range[T]) Status() event.ValueWatch[Status] { return &r.feed.status }

// Close is CloseWithError(nil).
func (r *Range[T]) Close() error { return r.CloseWithError(nil) }

// CloseWithError closes the Range. See [Value.CloseWithError]. Each watcher
// first gets the entries of the last known state that it has not seen.
func (r *Range[T]) CloseWithError(cause error) error {
	r.feed.closeWithError(cause)
	return nil
}
