package bench

import (
	"context"
	"sync"
	"testing"

	"github.com/eventvalue/event"
)

// NewReplaceLazy returns a value under a mutex with a channel. The first
// watcher that waits makes the channel, and the next Set closes it.
func NewReplaceLazy[T any]() Value[T] { return new(lazyValue[T]) }

type lazyValue[T any] struct {
	mu       sync.Mutex
	version  uint64        // 0 for no data
	replaced chan struct{} // nil until a watcher waits for the next Set
	val      T
}

func (v *lazyValue[T]) Set(val T) {
	v.mu.Lock()
	v.val = val
	v.version++
	replaced := v.replaced
	v.replaced = nil
	v.mu.Unlock()
	if replaced != nil {
		close(replaced)
	}
}

func (v *lazyValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *lazyValue[T]) Load() (T, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.val, v.version > 0
}

func (v *lazyValue[T]) LoadAll(pb *testing.PB) (T, bool) {
	val, ok := v.Load()
	for ok && pb.Next() {
		val, ok = v.Load()
	}
	return val, ok
}

// look returns the value and its version. If the version has been seen, it
// returns the channel that the next Set closes.
func (v *lazyValue[T]) look(seen uint64) (val T, version uint64, replaced chan struct{}) {
	v.mu.Lock()
	if v.version == seen && v.replaced == nil {
		v.replaced = make(chan struct{})
	}
	val, version, replaced = v.val, v.version, v.replaced
	v.mu.Unlock() // A deferred Unlock is slower, because the results must be kept in memory.
	return val, version, replaced
}

func (v *lazyValue[T]) Watch() Watcher[T] { return &lazyWatcher[T]{value: v} }

func (v *lazyValue[T]) GetAll(ctx context.Context, ws []Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*lazyWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

type lazyWatcher[T any] struct {
	value *lazyValue[T]
	seen  uint64
}

func (w *lazyWatcher[T]) Get(ctx context.Context, _ ...event.GetOption[T]) (zero T, err error) {
	for {
		val, version, replaced := w.value.look(w.seen)
		if err := ctx.Err(); err != nil {
			return zero, err
		}
		if version != w.seen {
			w.seen = version
			return val, nil
		}
		select {
		case <-replaced:
		case <-ctx.Done():
			return zero, ctx.Err()
		}
	}
}

func (w *lazyWatcher[T]) Close() error { return nil }
