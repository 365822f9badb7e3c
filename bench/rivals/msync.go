package rivals

import (
	"context"
	"testing"

	"github.com/creachadair/msync"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/bench"
)

// NewMsync returns a Value of github.com/creachadair/msync.
func NewMsync[T any]() bench.Value[T] { return new(msyncValue[T]) }

type msyncValue[T any] struct{ msync.Value[maybe[T]] }

func (v *msyncValue[T]) Set(val T) { v.Value.Set(maybe[T]{val, true}) }

func (v *msyncValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *msyncValue[T]) Load() (T, bool) {
	m := v.Get()
	return m.val, m.set
}

func (v *msyncValue[T]) LoadAll(pb *testing.PB) (T, bool) {
	val, ok := v.Load()
	for ok && pb.Next() {
		val, ok = v.Load()
	}
	return val, ok
}

func (v *msyncValue[T]) Watch() bench.Watcher[T] { return &msyncWatcher[T]{value: v} }

func (v *msyncValue[T]) GetAll(ctx context.Context, ws []bench.Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*msyncWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A msyncWatcher has a link, which is valid until the next Set.
type msyncWatcher[T any] struct {
	value *msyncValue[T]
	seen  msync.Link[maybe[T]]
	any   bool // it has seen a value
}

func (w *msyncWatcher[T]) Get(ctx context.Context, _ ...event.GetOption[T]) (zero T, err error) {
	v := &w.value.Value
	for {
		if w.any && w.seen.Validate() {
			// The channel is taken before the second Validate. A later Set
			// closes the channel.
			changed := v.Wait()
			if w.seen.Validate() {
				select {
				case <-changed:
				case <-ctx.Done():
					return zero, ctx.Err()
				}
			}
		}
		var next msync.Link[maybe[T]]
		v.LoadLink(&next)
		if err := ctx.Err(); err != nil {
			return zero, err
		}
		w.seen, w.any = next, true
		if m := next.Get(); m.set {
			return m.val, nil
		}
	}
}

func (w *msyncWatcher[T]) Close() error { return nil }
