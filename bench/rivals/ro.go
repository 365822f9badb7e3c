package rivals

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/samber/ro"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/bench"
)

// NewRo returns a BehaviorSubject of github.com/samber/ro. It pushes its values to observers,
// here each into a channel of one element that it drains before.
func NewRo[T any]() bench.Value[T] {
	return &roValue[T]{subject: ro.NewBehaviorSubject(roItem[T]{})}
}

type roValue[T any] struct {
	subject ro.Subject[roItem[T]]
	// begun is the newest version, stored before the first watcher has it.
	begun atomic.Uint64
	mu    sync.Mutex // The versions are in the order of the subject.
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

// next is called by one goroutine at a time, but perhaps while Get puts something back.
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
		panic("bench: Get: nil context") // Before it has taken anything.
	}
	for {
		var item roItem[T]
		select { // One case costs half of what two cost.
		case item = <-w.c:
		default:
			select {
			case item = <-w.c:
			case <-ctx.Done():
				return val, ctx.Err()
			}
		}
		// Another watcher may have a newer one, which has come to this one meanwhile
		// or is about to.
		if item.version < w.value.begun.Load() {
			continue
		}
		if err := ctx.Err(); err != nil {
			select {
			case w.c <- item:
			default: // There is a newer one.
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
