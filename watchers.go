package event

import (
	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
)

// A watcherCount is the number of open watchers of a value. Once it has been asked
// for, it is published as a value, too.
type watcherCount struct {
	// open is the number. Watch and Close add to it even if it was never asked for:
	// there is no list of watchers from which it could be computed later.
	open atomic.Int32

	// published is the number as a value. The first Watchers sets it, by
	// compare-and-swap from nil.
	published atomic.Pointer[MemoryValue[int]]
}

// Watchers returns a value that is the number of open watchers of v, so that a
// producer can rest while there are none:
//
//	event.RunWhile(ctx, v.Watchers(),
//		func(old, next int) bool { return (old > 0) == (next > 0) }, produceIfAny)
//
// Each Watch and each Close of a watcher counts as a Set of it: after 0, 1 and 0
// again, a Get on it returns again, with 0. The number is exact: when Watch or Close of
// a watcher has returned, the number reflects the call. The value has data from the beginning, is a
// [Loader], and does not end when v does, because watchers can be open after that.
//
// A watcher is open from Watch until its Close. A watcher that is dropped without a
// Close is counted for good. Each watcher of a view over v holds at least one
// watcher of v. [Wait], [All], [Pipe] and [RunWhile] hold one each while they run.
// Load, Update and Set hold none.
//
// Cost: until the first Watchers, Watch and Close cost an atomic addition and a load
// for it, and no allocation; Set and Get cost nothing. From then on each Watch and
// each Close costs as much as a Set more.
func (v *MemoryValue[T]) Watchers() ValueWatch[int] {
	w := &v.watchers
	p := w.published.Load()
	if p == nil {
		p = new(MemoryValue[int])
		p.Set(int(w.open.Load())) // No caller may find it without data.
		if w.published.CompareAndSwap(nil, p) {
			// Watchers that were opened or closed before that have not updated p.
			p.Update(func(old int, _ bool) (int, bool) {
				n := int(w.open.Load())
				return n, n != old
			})
		} else { // by chance: two first calls at once
			p = w.published.Load()
		}
	}
	return newView(p.Watch, p.loadVersion, capability.Set{})
}

func init() {
	capability.OpenWatchers = func(value any) (n int, ok bool) {
		if v, is := value.(interface{ openWatchers() int }); is {
			return v.openWatchers(), true
		}
		return 0, false
	}
}

// openWatchers returns the number of open watchers at this instant.
func (v *MemoryValue[T]) openWatchers() int { return int(v.watchers.open.Load()) }

// add counts n more open watchers, or fewer if n is negative.
func (w *watcherCount) add(n int32) {
	w.open.Add(n)
	// Count, then look for published. Watchers sets published and then reads the
	// count, so that one of the two sees the other.
	if p := w.published.Load(); p != nil {
		w.publish(p)
	}
}

// publish makes the number the newest value of p, even if it has not changed. It
// loads the number after the value that it replaces: of two concurrent calls, the
// one that publishes last has loaded what both have counted, or tries again.
func (w *watcherCount) publish(p *MemoryValue[int]) {
	p.Update(func(int, bool) (int, bool) { return int(w.open.Load()), true })
}
