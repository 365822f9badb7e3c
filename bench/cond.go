package bench

import (
	"context"
	"sync"
	"testing"

	"github.com/eventvalue/event"
)

// NewCond returns a value under a mutex with a [sync.Cond]. Its watchers cannot
// be canceled, and so they are faster than watchers that can.
func NewCond[T any]() Value[T] { return newCond[T]() }

func newCond[T any]() *condValue[T] {
	v := new(condValue[T])
	v.changed.L = &v.mu
	return v
}

type condValue[T any] struct {
	mu      sync.Mutex
	changed sync.Cond
	version uint64 // 0 for no data
	val     T
}

func (v *condValue[T]) Set(val T) {
	v.mu.Lock()
	v.val = val
	v.version++
	v.mu.Unlock()
	v.changed.Broadcast()
}

func (v *condValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *condValue[T]) Load() (T, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.val, v.version > 0
}

func (v *condValue[T]) LoadAll(pb *testing.PB) (T, bool) {
	val, ok := v.Load()
	for ok && pb.Next() {
		val, ok = v.Load()
	}
	return val, ok
}

func (v *condValue[T]) Watch() Watcher[T] { return &condWatcher[T]{value: v} }

func (v *condValue[T]) GetAll(ctx context.Context, ws []Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*condWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

type condWatcher[T any] struct {
	value *condValue[T]
	seen  uint64
}

func (w *condWatcher[T]) Get(context.Context, ...event.GetOption[T]) (T, error) {
	v := w.value
	v.mu.Lock()
	for v.version == w.seen {
		v.changed.Wait()
	}
	val := v.val
	w.seen = v.version
	v.mu.Unlock()
	return val, nil
}

func (w *condWatcher[T]) Close() error { return nil }

// NewCondContext is NewCond with watchers that a context can cancel, as in the
// documentation of context.AfterFunc. The end of one context wakes all
// watchers.
func NewCondContext[T any]() Value[T] { return &condContextValue[T]{newCond[T]()} }

type condContextValue[T any] struct{ *condValue[T] }

func (v *condContextValue[T]) Watch() Watcher[T] {
	return &condContextWatcher[T]{condWatcher[T]{value: v.condValue}}
}

func (v *condContextValue[T]) GetAll(ctx context.Context, ws []Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*condContextWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

type condContextWatcher[T any] struct{ condWatcher[T] }

func (w *condContextWatcher[T]) Get(ctx context.Context, _ ...event.GetOption[T]) (val T, err error) {
	v := w.value
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.version == w.seen {
		stop := context.AfterFunc(ctx, func() {
			// The lock prevents a Broadcast between a watcher's check of the
			// context and its wait.
			v.mu.Lock()
			defer v.mu.Unlock()
			v.changed.Broadcast()
		})
		defer stop()
	}
	for v.version == w.seen && ctx.Err() == nil {
		v.changed.Wait()
	}
	if err := ctx.Err(); err != nil {
		return val, err
	}
	w.seen = v.version
	return v.val, nil
}
