package bench

import (
	"context"
	"sync"

	"github.com/eventvalue/event"
)

// NewCondFresh is [NewCond] with a fresh, immutable object for each Set.
// Readers copy only the pointer under the mutex. This is the usual solution for
// large values.
func NewCondFresh[T any]() Value[T] {
	v := &condFreshValue[T]{newest: new(condState[T])}
	v.changed.L = &v.mu
	return v
}

type condFreshValue[T any] struct {
	mu      sync.Mutex
	changed sync.Cond
	newest  *condState[T]
}

type condState[T any] struct {
	version uint64 // 0 for no data
	val     T
}

func (v *condFreshValue[T]) Set(val T) {
	next := &condState[T]{val: val}
	v.mu.Lock()
	next.version = v.newest.version + 1
	v.newest = next
	v.mu.Unlock()
	v.changed.Broadcast()
}

func (v *condFreshValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *condFreshValue[T]) Watch() Watcher[T] { return &condFreshWatcher[T]{value: v} }

func (v *condFreshValue[T]) GetAll(ctx context.Context, ws []Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*condFreshWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

type condFreshWatcher[T any] struct {
	value *condFreshValue[T]
	seen  uint64
}

func (w *condFreshWatcher[T]) Get(context.Context, ...event.GetOption[T]) (T, error) {
	v := w.value
	v.mu.Lock()
	for v.newest.version == w.seen {
		v.changed.Wait()
	}
	newest := v.newest
	v.mu.Unlock()
	w.seen = newest.version
	return newest.val, nil
}

func (w *condFreshWatcher[T]) Close() error { return nil }
