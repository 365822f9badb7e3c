package bench

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/eventvalue/event"
)

// NewChannel returns a value that has a channel of one element for each
// watcher. A Set drains and fills all channels under a mutex.
func NewChannel[T any]() Value[T] { return new(channelValue[T]) }

type channelValue[T any] struct {
	// begun is the newest version. It is stored before the first watcher
	// receives the version.
	begun atomic.Uint64

	mu       sync.Mutex
	current  channelItem[T]
	watchers []*channelWatcher[T]
}

type channelItem[T any] struct {
	version uint64 // 0 for no data
	val     T
}

func (v *channelValue[T]) Set(val T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.current.val = val
	v.current.version++
	v.begun.Store(v.current.version)
	for _, w := range v.watchers {
		select {
		case <-w.c:
		default:
		}
		w.c <- v.current // There is room, because channels are filled only under the mutex.
	}
}

func (v *channelValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *channelValue[T]) Watch() Watcher[T] {
	w := &channelWatcher[T]{value: v, c: make(chan channelItem[T], 1)}
	v.mu.Lock()
	defer v.mu.Unlock()
	w.index = len(v.watchers)
	v.watchers = append(v.watchers, w)
	if v.current.version > 0 {
		w.c <- v.current
	}
	return w
}

func (v *channelValue[T]) GetAll(ctx context.Context, ws []Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*channelWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

type channelWatcher[T any] struct {
	value *channelValue[T]
	c     chan channelItem[T]
	index int // in the value's watchers, under its mutex; -1 once closed
}

func (w *channelWatcher[T]) Get(ctx context.Context, _ ...event.GetOption[T]) (val T, err error) {
	if ctx == nil {
		panic("bench: Get: nil context") // Before the first receive.
	}
	for {
		var item channelItem[T]
		select { // A select with one case costs half as much as one with two.
		case item = <-w.c:
		default:
			select {
			case item = <-w.c:
			case <-ctx.Done():
				return val, ctx.Err()
			}
		}
		// Another watcher may have received a newer item, which has arrived at
		// this watcher by now or is about to arrive.
		if item.version < w.value.begun.Load() {
			continue
		}
		if err := ctx.Err(); err != nil {
			w.putBack(item)
			return val, err
		}
		return item.val, nil
	}
}

// putBack puts an item back into the channel, unless there is a newer item.
func (w *channelWatcher[T]) putBack(item channelItem[T]) {
	w.value.mu.Lock()
	defer w.value.mu.Unlock()
	select {
	case w.c <- item:
	default:
	}
}

func (w *channelWatcher[T]) Close() error {
	v := w.value
	v.mu.Lock()
	defer v.mu.Unlock()
	if w.index < 0 {
		return nil
	}
	last := len(v.watchers) - 1
	v.watchers[w.index] = v.watchers[last]
	v.watchers[w.index].index = w.index
	v.watchers[last] = nil
	v.watchers = v.watchers[:last]
	w.index = -1
	return nil
}
