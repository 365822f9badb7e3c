package rivals

import (
	"context"
	"testing"

	"github.com/bradenaw/juniper/xsync"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/bench"
)

// NewJuniper returns a Watchable of github.com/bradenaw/juniper/xsync.
func NewJuniper[T any]() bench.Value[T] { return new(juniperValue[T]) }

type juniperValue[T any] struct{ xsync.Watchable[maybe[T]] }

func (v *juniperValue[T]) Set(val T) { v.Watchable.Set(maybe[T]{val, true}) }

func (v *juniperValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *juniperValue[T]) Load() (T, bool) {
	m, _ := v.Value()
	return m.val, m.set
}

func (v *juniperValue[T]) LoadAll(pb *testing.PB) (T, bool) {
	val, ok := v.Load()
	for ok && pb.Next() {
		val, ok = v.Load()
	}
	return val, ok
}

func (v *juniperValue[T]) Watch() bench.Watcher[T] { return &juniperWatcher[T]{value: v} }

func (v *juniperValue[T]) GetAll(ctx context.Context, ws []bench.Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*juniperWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A juniperWatcher identifies the value that it has seen by its channel. Each
// Set makes a new channel.
type juniperWatcher[T any] struct {
	value *juniperValue[T]
	seen  chan struct{}
}

func (w *juniperWatcher[T]) Get(ctx context.Context, _ ...event.GetOption[T]) (zero T, err error) {
	for {
		m, changed := w.value.Value()
		if err := ctx.Err(); err != nil {
			return zero, err
		}
		if m.set && changed != w.seen {
			w.seen = changed
			return m.val, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return zero, ctx.Err()
		}
	}
}

func (w *juniperWatcher[T]) Close() error { return nil }
