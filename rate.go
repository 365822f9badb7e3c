package event

import (
	"time"

	"github.com/eventvalue/event/internal/capability"
)

// Rate returns v slowed down: a watcher gets at most one value in each interval of the
// given length, from the return of one value on, and always the newest in the end. The first comes at once.
//
// While a watcher has had a value less than the interval ago, a newer one is not there: a Get waits
// until the interval is over, its context ends, or the watcher is closed, and returns what is newest then; with BacklogOnly it returns
// BacklogDone, without asking the Filters, also if v has ended meanwhile, and the value stays unseen; a Changed channel that is taken then closes when the interval
// is over. A value that a Filter rejects is not returned and delays nothing. When v has ended, the final value comes when its time has
// come, and then the end.
//
// The view starts no goroutine but, for an instant, when an interval is over while somebody waits
// for that. It keeps nothing but v while nobody watches; a watcher keeps the value that it took
// last. What [Combine] says of sources from elsewhere, of early channels and of costs holds here too. The view has
// a Load exactly if v has one, which is that of v: it is not slowed down.
//
// Rate panics if v is nil or keyed, as a remote.Range is, or if the interval is not positive.
func Rate[T any](v ValueWatch[T], every time.Duration) ValueWatch[T] {
	if v == nil {
		panic("event: Rate: nil value")
	}
	if every <= 0 {
		panic("event: Rate: interval not positive")
	}
	if isKeyed(v) {
		panic("event: Rate: keyed value")
	}
	return newView(newMerge(every, func() ([]source, func() T) {
		s := newSourceState(v.Watch())
		return []source{s}, func() T { return s.val }
	}), loaderOf(v), capability.Set{})
}

// newClock returns a clock that begins now.
//
//explore:skip reads the time
func newClock() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}
