package bench

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/eventvalue/event"
)

// NewPoll returns a value that is an [atomic.Pointer] to a fresh object, of 32
// bytes if T has 8. Its Set and Load are the minimum for a lock-free value. Its
// watchers load the pointer in a loop, and each of them uses a processor.
func NewPoll[T any]() Value[T] { return new(pollValue[T]) }

type pollValue[T any] struct{ head atomic.Pointer[pollState[T]] }

type pollState[T any] struct {
	val T
	_   [24]byte
}

func (v *pollValue[T]) Set(val T) { v.head.Store(&pollState[T]{val: val}) }

func (v *pollValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *pollValue[T]) Load() (val T, ok bool) {
	if s := v.head.Load(); s != nil {
		return s.val, true
	}
	return val, false
}

// LoadAll does not check whether there is data, so each load is a bare load.
func (v *pollValue[T]) LoadAll(pb *testing.PB) (T, bool) {
	val := v.head.Load().val
	for pb.Next() {
		val = v.head.Load().val
	}
	return val, true
}

func (v *pollValue[T]) Watch() Watcher[T] { return &pollWatcher[T]{value: v} }

func (v *pollValue[T]) GetAll(ctx context.Context, ws []Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*pollWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A pollWatcher identifies the state that it has seen by its address. It keeps
// the state reachable, so no newer state can have the same address.
type pollWatcher[T any] struct {
	value *pollValue[T]
	seen  *pollState[T]
}

func (w *pollWatcher[T]) Get(ctx context.Context, _ ...event.GetOption[T]) (zero T, err error) {
	for {
		s := w.value.head.Load()
		if err := ctx.Err(); err != nil {
			return zero, err
		}
		if s != w.seen {
			w.seen = s
			return s.val, nil
		}
		runtime.Gosched()
	}
}

func (w *pollWatcher[T]) Close() error { return nil }
