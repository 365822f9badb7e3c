package rivals

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/samber/ro"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/bench"
)

// NewRo returns a BehaviorSubject of github.com/samber/ro, which pushes its
// values to observers. Each observer here drains a channel of one element and
// sends the value to it.
func NewRo[T any]() bench.Value[T] {
	return &roValue[T]{subject: ro.NewBehaviorSubject(roItem[T]{})}
}

type roValue[T any] struct {
	subject ro.Subject[roItem[T]]
	// begun is the newest version. It is stored before the first watcher
	// receives the version.
	begun atomic.Uint64
	mu    sync.Mutex // Held by Set, so that the subject gets the versions in order.
}

type roItem[T any] struct {
	version uint64 // 0 for no data
	val     T
}

func (v *roValue[T]) Set(val T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.subject.Next(roItem[T]{v.begun.Add(1), val})
}

func (v *roValue[T]) SetAll(vals []T) {
	for _, val := range vals {
		v.Set(val)
	}
}

func (v *roValue[T]) Watch() bench.Watcher[T] {
	w := &roWatcher[T]{value: v, c: make(chan roItem[T], 1)}
	w.subscription = v.subject.Subscribe(ro.OnNext(w.next))
	return w
}

func (v *roValue[T]) GetAll(ctx context.Context, ws []bench.Watcher[T], vals []T) (err error) {
	for i, w := range ws {
		if vals[i], err = w.(*roWatcher[T]).Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

type roWatcher[T any] struct {
	value        *roValue[T]
	c            chan roItem[T]
	subscription ro.Subscription
}

// next is called by one goroutine at a time. A concurrent Get may put an item
// back.
func (w *roWatcher[T]) next(item roItem[T]) {
	for item.version > 0 {
		select {
		case w.c <- item:
			return
		default:
		}
		select {
		case <-w.c:
		default:
		}
	}
}

func (w *roWatcher[T]) Get(ctx context.Context, _ ...event.GetOption[T]) (val T, err error) {
	if ctx == nil {
		panic("bench: Get: nil context") // Before the first receive.
	}
	for {
		var item roItem[T]
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
			select {
			case w.c <- item:
			default: // There is a newer item.
			}
			return val, err
		}
		return item.val, nil
	}
}

func (w *roWatcher[T]) Close() error {
	w.subscription.Unsubscribe()
	return nil
}
