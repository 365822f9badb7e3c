package event

import (
	"context"

	"github.com/eventvalue/event/internal/park"
)

// A Watcher follows a value for one consumer. It remembers what it last returned.
//
// A watcher may be handed from goroutine to goroutine, but one Get may run at a time;
// Changed and Close may be called during a Get.
//
// In the terminology of the Go memory model, the Set of a value synchronizes before the
// return of the Get that returns that value or a later one, and before the close of each
// Changed channel that it closes; a value's Close before the [ErrClosed] that it causes.
//
// The watchers of a [MemoryValue], and those of [Map] and [Distinct] over it, also have a method
// Behind() uint64: how many versions the value is ahead of what the watcher last returned.
//
// While no Get waits, a watcher costs its memory and, while its last context lives, that.
type Watcher[T any] interface {
	// Get returns the newest value if the watcher has not seen it, at once, and else waits
	// for the next. It skips what was replaced meanwhile: a watcher sees a subsequence of
	// the values, strictly forward, and always the newest in the end.
	//
	// Get returns, the first that holds winning: ctx.Err() if ctx has ended, even if there
	// is a value; ErrWatcherClosed after Close; ErrConcurrentGet if it finds another Get on
	// the same watcher in progress; a value; the error with which the value has ended, ErrClosed, once its
	// final value has been seen; and, with BacklogOnly, BacklogDone instead of waiting.
	// The end of ctx, Close and the value's end also end the wait. No value is returned
	// that was set after ctx had ended.
	//
	// Only a returned value, BacklogDone or the value's end moves the watcher: what was
	// rejected by a Filter, or looked at, before any other error is still unseen.
	//
	// Get panics if ctx is nil.
	Get(ctx context.Context, opts ...GetOption[T]) (T, error)

	// Changed returns a channel for use in a select. The channel is closed if there is
	// something that the watcher has not seen, if the value has ended or the watcher is
	// closed; else it closes when there is something new or the value ends: before Set
	// returns if few have taken it, and soon after if many have (or another Set that came
	// first has yet to close it). It misses nothing, but may
	// be early, where a Filter rejects or a view leaves out what is new: after it, Get with
	// BacklogOnly, and take BacklogDone for "nothing yet". The next Changed then stays open
	// until something new happens.
	//
	// Changed does not consume anything. Repeated calls return one channel until there is
	// something new. Close need not close a channel that was taken before.
	Changed() <-chan struct{}

	// Close makes the Get in progress and every later one return ErrWatcherClosed, and
	// releases the value and the last context. It may be called more than once and
	// returns nil. A watcher that is dropped without it may be kept for as long as its
	// last context lives.
	Close() error
}

// A watcher is the Watcher of a MemoryValue. It is one object. The first Get that waits adds a channel
// and a place, the second under one context a registration with that.
type watcher[T any] struct {
	// word says where the watcher stands. It comes first: see there.
	word word

	// value is nil after Close, and not before. Close first sets the word's bit: a goroutine
	// that loads the value and after that finds the word not closed has got one that is not
	// nil. Get's fast path loads in the other order, and so has to ask.
	value pointer[MemoryValue[T]]

	waiter waiter
}

// A waiter is a park.Waiter. See word for why it is a type of its own.
type waiter struct{ park.Waiter }

// registered reports whether it is registered with a context. No watcher may keep a context
// that is not its last: a Get under another one makes it forget, even if it need not wait.
func (w *waiter) registered() bool { return w.Registered() }

// hasEnded is what Changed returns where there is nothing to wait for.
var hasEnded = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Get implements [Watcher]. With something to return and no options it is lock-free
// and allocates nothing.
func (w *watcher[T]) Get(ctx context.Context, opts ...GetOption[T]) (T, error) {
	if ctx == nil {
		panic("event: Watcher.Get: nil context")
	}
	// The order of the loads matters. The word before the head: then the head is
	// no older than what the watcher has seen, and the compare-and-swap makes sure
	// that this has not changed. The head before the context: then a value that is
	// returned was set before the context ended.
	word := w.word.load()
	if v := w.value.Load(); v != nil && len(opts) == 0 && word&(busy|closed) == 0 {
		s := v.head.Load()
		if s.mark() != word {
			if !(w.waiter.registered() && w.waiter.RegisteredElsewhere(ctx)) &&
				ctx.Err() == nil && w.word.cas(word, s.mark()) {
				return s.val, nil
			}
		} else if done := ctx.Done(); !s.final() && (done != nil || ctx.Err() == nil) && w.word.cas(word, word|busy) {
			// The wait that mostly is the only one. (A context without a Done channel has been asked
			// here: Prepare would see its end by that.) It is here, and not in a function below, for
			// the sake of the way back: see park.Receive. Nothing is deferred here: while w is busy, only
			// rest calls methods of the context, and it defers what a panic needs.
			s := w.finish(done, v, s, park.Receive(w.waiter.Prepare(done, &s.superseded)))
			if s == nil {
				return w.rest(ctx, v, word, nil)
			}
			return s.val, nil
		}
	}
	return w.get(ctx, opts)
}

// finish ends a wait for something newer than s. It returns that, and then w is idle; or nil, if there
// is nothing newer or something else to be returned, and then w is still busy.
func (w *watcher[T]) finish(done <-chan struct{}, v *MemoryValue[T], s *snapshot[T], woken bool) *snapshot[T] {
	word := s.mark()
	if !w.waiter.Finish(&s.superseded, woken) {
		return nil // Also if there is something newer by now: w may have a context to forget, which rest does.
	}
	s = v.head.Load()
	if s.mark() == word {
		return nil
	}
	// After the load of the head, as in Get.
	select {
	case <-done:
		return nil
	default:
	}
	if !w.word.cas(word|busy, s.mark()) { // It is closed.
		return nil
	}
	return s
}

// get is Get in all other cases: with options, with another context to forget, an error, the value's
// end, or if somebody else was faster.
func (w *watcher[T]) get(ctx context.Context, opts []GetOption[T]) (T, error) {
	word, v, err := w.begin(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	return w.rest(ctx, v, word, opts)
}

// rest is what is left of a Get once w is busy, which it ends. The word is that before.
func (w *watcher[T]) rest(ctx context.Context, v *MemoryValue[T], word uint64, opts []GetOption[T]) (T, error) {
	next := word
	// Deferred, because a predicate may panic: then the watcher has not moved. The compare-and-swap
	// fails if Close came first, and that does not matter: where a closed watcher stands
	// is of no interest.
	defer func() { w.word.cas(word|busy, next) }()
	s, looked, err := w.await(ctx, v, word, opts)
	next = looked
	if err != nil {
		var zero T
		return zero, err
	}
	return s.val, nil
}

// begin makes w busy and returns its word before that and the value.
func (w *watcher[T]) begin(ctx context.Context) (word uint64, v *MemoryValue[T], err error) {
	for {
		word, v = w.word.load(), w.value.Load()
		if word&(busy|closed) == 0 {
			if w.word.cas(word, word|busy) {
				return word, v, nil
			}
			continue // by chance: a Close or another Get in between
		}
		switch err := ctx.Err(); {
		case err != nil:
			return 0, nil, err
		case word&closed != 0:
			return 0, nil, ErrWatcherClosed
		default:
			return 0, nil, ErrConcurrentGet
		}
	}
}

// await is the part of a Get during which w is busy. It returns what to return, and where
// w stands then: at the version that it stood at, given as word, or at the newest that
// it has looked at.
func (w *watcher[T]) await(ctx context.Context, v *MemoryValue[T], word uint64, opts []GetOption[T]) (*snapshot[T], uint64, error) {
	looked, backlog := word, backlogOnly(opts)
	for {
		s := v.head.Load()
		if s.mark() == looked && !s.final() && !backlog && ctx.Err() == nil { // Park looks at its Done channel, which may be nil.
			w.waiter.Park(ctx, &s.superseded, &v.contexts)
			s = v.head.Load()
		} else {
			w.waiter.UnregisterElsewhere(ctx)
		}
		// After the load of the head: what is returned was set before the context ended.
		if err := w.hindrance(ctx); err != nil {
			return nil, word, err
		}
		switch {
		// BacklogOnly looks at one value only: its Get would not end under a producer
		// that is faster than a predicate that rejects.
		case s.mark() != looked && !(backlog && looked != word):
			looked = s.mark()
			if !accepts(opts, s.val) {
				continue
			}
			if len(opts) > 0 {
				// The predicates may have taken long, or ended one or the other.
				if err := w.hindrance(ctx); err != nil {
					return nil, word, err
				}
			}
			return s, looked, nil
		case s.mark() == looked && s.final():
			return nil, looked, *v.end.Load()
		case backlog:
			return nil, looked, BacklogDone
		}
	}
}

// hindrance returns the error that a Get must return even if there is a value.
func (w *watcher[T]) hindrance(ctx context.Context) error {
	if err := ctx.Err(); err != nil || w.word.load()&closed == 0 {
		return err
	}
	return ErrWatcherClosed
}

// Changed implements [Watcher]. It allocates if there is nothing unseen and nobody has
// asked for the channel before.
func (w *watcher[T]) Changed() <-chan struct{} {
	if b := w.awaited(); b != nil {
		return w.waiter.Done(b)
	}
	return hasEnded
}

// awaited returns what fires when there is something new, or nil if there is nothing to wait for.
func (w *watcher[T]) awaited() *park.Broadcast {
	word, v := w.word.load(), w.value.Load()
	if v == nil || word&closed != 0 {
		return nil
	}
	s := v.head.Load()
	if s.mark() != word&^busy || s.final() {
		return nil
	}
	return &s.superseded
}

func (w *watcher[T]) pending() bool { return w.awaited() == nil }

func (w *watcher[T]) join(j *joint) { j.await(w.awaited()) }

// Close implements [Watcher].
func (w *watcher[T]) Close() error {
	for {
		word := w.word.load()
		if word&closed != 0 {
			return nil
		}
		if w.word.cas(word, word|closed) {
			break
		}
	}
	v := w.value.Load()
	w.value.Store(nil)
	v.demand.add(-1)
	w.waiter.Close() // Last, for it calls who made the context, which may panic.
	return nil
}

// Behind reports how many versions the value is ahead of what the watcher last returned, or
// passed: how far a consumer lags. It is 0 for a watcher that was closed, and for one that has nothing to
// get. Each Set counts, and what a [Filter] would reject does too.
//
// The watchers of a [MemoryValue] have it, and those of [Map] and [Distinct] over watchers that have it:
//
//	if w, ok := w.(interface{ Behind() uint64 }); ok {
//		lag.Set(w.Behind())
//	}
//
// Behind is three atomic loads and may be called during a Get. Get keeps nothing for it.
func (w *watcher[T]) Behind() uint64 {
	word, v := w.word.load(), w.value.Load()
	if v == nil || word&closed != 0 {
		return 0
	}
	return v.head.Load().stamp>>versionShift - word>>versionShift
}
