package bench

import (
	"context"
	"testing"

	"github.com/eventvalue/event"
)

// NewEvent returns an [event.MemoryValue].
func NewEvent[T any]() Value[T] { return new(eventValue[T]) }

type eventValue[T any] struct{ event.MemoryValue[T] }

func (v *eventValue[T]) Watch() Watcher[T] { return v.MemoryValue.Watch() }

func (v *eventValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *eventValue[T]) GetAll(ctx context.Context, ws []Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (v *eventValue[T]) LoadAll(pb *testing.PB) (T, bool) {
	val, ok := v.Load()
	for ok && pb.Next() {
		val, ok = v.Load()
	}
	return val, ok
}
