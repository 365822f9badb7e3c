package remote

import (
	"context"
	"sync"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
)

// A valueWatcher is the Watcher of a Value. It delegates to a watcher of the
// key's state.
type valueWatcher[T any] struct {
	inner event.Watcher[*item[T]]

	mu      sync.Mutex
	state   *keyState[T] // nil after Close
	release func()       // nil after Close
}

// Get implements [event.Watcher].
func (w *valueWatcher[T]) Get(ctx context.Context, opts ...event.GetOption[Entry[T]]) (Entry[T], error) {
	if len(opts) == 0 {
		return unpack(w.inner.Get(ctx))
	}
	backlog, accepted := get.BacklogOnly(opts), false
	// BacklogOnly waits for the first full state, and for nothing else.
	wait := backlog && w.unsynced()
	inner := [2]event.GetOption[*item[T]]{event.Filter(func(it *item[T]) bool {
		accepted = it.err != nil || get.Accepts(opts, it.entry)
		return accepted || wait
	})}
	if backlog && !wait {
		inner[1] = event.BacklogOnly[*item[T]]()
	}
	it, err := w.inner.Get(ctx, inner[:]...)
	if err == nil && !accepted {
		return Entry[T]{}, event.BacklogDone
	}
	return unpack(it, err)
}

// unsynced reports whether the first full state has not arrived yet. It
// reports false after Close.
func (w *valueWatcher[T]) unsynced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == nil {
		return false
	}
	_, synced := w.state.item.Load()
	return !synced
}

// unpack converts the results of the inner Get to the results of Get.
func unpack[T any](it *item[T], err error) (Entry[T], error) {
	switch {
	case err != nil:
		return Entry[T]{}, err
	case it.err != nil:
		return Entry[T]{}, it.err
	}
	return it.entry, nil
}

// GetBacklog is Get with BacklogOnly in addition to opts: see [event.TryGet].
func (w *valueWatcher[T]) GetBacklog(ctx context.Context, opts []event.GetOption[Entry[T]]) (Entry[T], error) {
	if len(opts) > 0 {
		return w.Get(ctx, append(opts[:len(opts):len(opts)], event.BacklogOnly[Entry[T]]())...)
	}
	it, ok, err := event.TryGet(ctx, w.inner)
	if err == nil && !ok {
		err = event.BacklogDone
	}
	return unpack(it, err)
}

// Changed implements [event.Watcher].
func (w *valueWatcher[T]) Changed() <-chan struct{} { return w.inner.Changed() }

// Capabilities reports that views can wait for the watcher without a goroutine.
func (w *valueWatcher[T]) Capabilities() capability.Set {
	return capability.Set{Signaler: capability.Of(w.inner).Signaler}
}

// Close implements [event.Watcher].
func (w *valueWatcher[T]) Close() error {
	_ = w.inner.Close()
	w.mu.Lock()
	release := w.release
	w.release, w.state = nil, nil
	w.mu.Unlock()
	if release != nil {
		release()
	}
	return nil
}
