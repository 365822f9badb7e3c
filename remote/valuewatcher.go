package remote

import (
	"context"

	"go.uber.org/atomic"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
)

// A valueWatcher is the Watcher of a Value. It delegates to a watcher of the
// key's state.
type valueWatcher[T any] struct {
	inner  event.Watcher[*item[T]]
	source keySource[T]
	closed atomic.Bool
}

// Get implements [event.Watcher].
func (w *valueWatcher[T]) Get(ctx context.Context, opts ...event.GetOption[Entry[T]]) (Entry[T], error) {
	if len(opts) > 0 {
		return w.getFiltered(ctx, opts)
	}
	ended := hasEnded(ctx)
	it, err := w.inner.Get(ctx)
	if err != nil && !ended {
		err = w.explain(ctx, err)
	}
	return unpack(it, err)
}

// getFiltered is Get with options.
func (w *valueWatcher[T]) getFiltered(ctx context.Context, opts []event.GetOption[Entry[T]]) (Entry[T], error) {
	ended, accepted := hasEnded(ctx), false
	inner := [2]event.GetOption[*item[T]]{event.Filter(func(it *item[T]) bool {
		accepted = it.err != nil || get.Accepts(opts, it.entry)
		return accepted
	})}
	backlog := get.BacklogOnly(opts)
	if backlog {
		inner[1] = event.BacklogOnly[*item[T]]()
	}
	it, err := w.inner.Get(ctx, inner[:]...)
	if err != nil && !ended && !backlog && !accepted {
		err = w.explain(ctx, err)
	}
	return unpack(it, err)
}

// hasEnded reports whether ctx, which may be nil, has ended.
func hasEnded(ctx context.Context) bool { return ctx != nil && ctx.Err() != nil }

// explain adds to the error of a Get that has waited what the connection lacks.
func (w *valueWatcher[T]) explain(ctx context.Context, err error) error {
	status, _ := w.source.connection().Load()
	return status.explain(ctx, err, "value")
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
	if !w.closed.Swap(true) {
		w.source.releaseKey()
	}
	return nil
}
