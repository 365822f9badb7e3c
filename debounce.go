package event

import (
	"math"
	"time"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// Debounce returns v without the values that are replaced soon: a watcher gets the
// newest value once nothing newer has come for the given time. The first value waits,
// too.
//
// The time counts from the Get or the call of Changed that first finds the value, and
// from the Get if v has no versions: see [Version]. It begins again when a newer value
// is found. It does not count before: the first Get after a rest waits for the whole
// time.
//
//   - A Get waits until the time has passed, its context ends or the watcher is closed.
//     A newer value wakes it, and the time begins again.
//   - A Get with BacklogOnly returns BacklogDone until the time has passed. It does not
//     call the predicates of its Filters, and the value stays unseen.
//   - A channel that Changed returns closes when the time has passed. While v has a value
//     that no Get has looked at, the channel is closed: TryGet finds that value, and the
//     next channel closes when the time has passed. So each new value wakes a select once
//     before that.
//
// When v has ended, a watcher gets the final value at once, and then the end.
//
// If values never pause, Debounce returns none of them: see [DebounceMax]. For at most
// one value in an interval, the first of them at once, use [Rate].
//
// The view is a [Loader] if v is one, and its Load returns what v's Load returns. Its
// watchers have no versions.
//
// Debounce panics if v is nil or keyed, as a remote.Range is, or if the time is not
// positive.
//
// Cost: without a watcher, the view refers only to v. It starts a goroutine
// only when the time has passed during a wait, for an instant, and over a source from
// elsewhere as a [Combine] does. A watcher keeps the value that it took last. While a
// Get waits, each newer value wakes it.
func Debounce[T any](v ValueWatch[T], quiet time.Duration) ValueWatch[T] {
	if isNil(v) {
		panic("event: Debounce: nil value")
	}
	if quiet <= 0 {
		panic("event: Debounce: time not positive")
	}
	if isKeyed(v) {
		panic("event: Debounce: " + keyedValue)
	}
	return debounce(v, quiet, math.MaxInt64)
}

// DebounceMax is [Debounce] for values that may never pause: a value is held back no
// longer than longest, counted from the Get (not a Changed) that first finds one, although newer values
// go on coming. A watcher then gets the newest of them.
//
// DebounceMax panics if v is nil or keyed, if quiet is not positive, or if longest is
// less than quiet.
//
// Cost: as for Debounce.
func DebounceMax[T any](v ValueWatch[T], quiet, longest time.Duration) ValueWatch[T] {
	if isNil(v) {
		panic("event: DebounceMax: nil value")
	}
	if quiet <= 0 {
		panic("event: DebounceMax: time not positive")
	}
	if longest < quiet {
		panic("event: DebounceMax: longest time less than the quiet time")
	}
	if isKeyed(v) {
		panic("event: DebounceMax: " + keyedValue)
	}
	return debounce(v, quiet, longest)
}

// maxHold keeps the sums of times in terms of a clock in their range.
const maxHold = math.MaxInt64 / 2

func debounce[T any](v ValueWatch[T], quiet, longest time.Duration) ValueWatch[T] {
	contexts := new(park.Contexts)
	return newView(func() Watcher[T] {
		w := &holdWatcher[T]{quiet: min(quiet, maxHold), longest: min(longest, maxHold)}
		w.init(v.Watch(), contexts)
		w.clock, w.eager = newClock(), true
		return w
	}, loaderOf(v).withoutVersion(), capability.EndOf(v))
}
