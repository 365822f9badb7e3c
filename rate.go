package event

import (
	"time"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// Rate returns v slowed down: a watcher gets at most one value in each interval of the
// given length, which begins when a Get returns a value. Eventually it always gets the
// newest value. The first value is returned at once.
//
// While an interval lasts, a newer value is held back:
//
//   - A Get waits until the interval is over, its context ends or the watcher is closed.
//     It then returns the value that is newest.
//   - A Get with BacklogOnly returns BacklogDone, even if v has ended. It does not call
//     the predicates of its Filters, and the value stays unseen.
//   - A channel that Changed returns closes when the interval is over.
//
// A value that a Filter rejects begins no interval. When v has ended, a watcher gets the
// final value once the interval is over, and then the end.
//
// A Changed channel may close early, as with a [Combine]. The view is a [Loader]
// if v is one, and its Load is v.Load: it is not slowed down.
//
// Rate panics if v is nil or keyed, as a remote.Range is, or if the interval is not
// positive.
//
// Cost: the view refers only to v while it has no watcher. It starts a goroutine
// only when an interval ends during a wait, for an instant, and over a source from
// elsewhere as a [Combine] does. A watcher keeps the value that it took last.
func Rate[T any](v ValueWatch[T], every time.Duration) ValueWatch[T] {
	if isNil(v) {
		panic("event: Rate: nil value")
	}
	if every <= 0 {
		panic("event: Rate: interval not positive")
	}
	if isKeyed(v) {
		panic("event: Rate: " + keyedValue)
	}
	contexts := new(park.Contexts)
	return newView(func() Watcher[T] {
		w := &holdWatcher[T]{every: every}
		w.init(v.Watch(), contexts)
		w.clock = newClock()
		return w
	}, loaderOf(v).withoutVersion(), capability.EndOf(v))
}
