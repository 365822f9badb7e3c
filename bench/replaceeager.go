package bench

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/eventvalue/event"
)

// NewReplaceEager returns a value with an immutable state that contains a
// channel. Each Set replaces the state, with a new channel, and closes the
// channel of the old state.
func NewReplaceEager[T any]() Value[T] {
	v := new(eagerValue[T])
	v.head.Store(&eagerState[T]{replaced: make(chan struct{})})
	return v
}

type eagerValue[T any] struct{ head atomic.Pointer[eagerState[T]] }

type eagerState[T any] struct {
	version  uint64 // 0 for no data
	replaced chan struct{}
	val      T
}

func (v *eagerValue[T]) Set(val T) {
	next := &eagerState[T]{replaced: make(chan struct{}), val: val}
	for {
		old := v.head.Load()
		next.version = old.version + 1
		if v.head.CompareAndSwap(old, next) {
			close(old.replaced)
			return
		}
	}
}

func (v *eagerValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *eagerValue[T]) Load() (T, bool) {
	s := v.head.Load()
	return s.val, s.version > 0
}

func (v *eagerValue[T]) LoadAll(pb *testing.PB) (T, bool) {
	val, ok := v.Load()
	for ok && pb.Next() {
		val, ok = v.Load()
	}
	return val, ok
}

func (v *eagerValue[T]) Watch() Watcher[T] { return &eagerWatcher[T]{value: v} }

func (v *eagerValue[T]) GetAll(ctx context.Context, ws []Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*eagerWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

type eagerWatcher[T any] struct {
	value *eagerValue[T]
	seen  uint64
}

func (w *eagerWatcher[T]) Get(ctx context.Context, _ ...event.GetOption[T]) (val T, err error) {
	for {
		s := w.value.head.Load()
		if err := ctx.Err(); err != nil {
			return val, err
		}
		if s.version != w.seen {
			w.seen = s.version
			return s.val, nil
		}
		select {
		case <-s.replaced:
		case <-ctx.Done():
			return val, ctx.Err()
		}
	}
}

func (w *eagerWatcher[T]) Close() error { return nil }
