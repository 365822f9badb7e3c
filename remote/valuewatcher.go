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
	release func() // nil after Close
}

// Get implements [event.Watcher].
func (w *valueWatcher[T]) Get(ctx context.Context, opts ...event.GetOption[Entry[T]]) (Entry[T], error) {
	if len(opts) == 0 {
		return unpack(w.inner.Get(ctx))
	}
	inner := [2]event.GetOption[*item[T]]{event.Filter(func(it *item[T]) bool {
		return it.err != nil || get.Accepts(opts, it.entry)
	})}
	if get.BacklogOnly(opts) {
		inner[1] = event.BacklogOnly[*item[T]]()
	}
	return unpack(w.inner.Get(ctx, inner[:]...))
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
	w.release = nil
	w.mu.Unlock()
	if release != nil {
		release()
	}
	return nil
}
