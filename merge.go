package event

import (
	"context"
	"errors"
	"time"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/get"
	"github.com/eventvalue/event/internal/park"
)

// A source is one of the values under a mergeWatcher.
type source interface {
	signaler

	// take takes what is new from the source. It reports whether something was, and
	// does not wait.
	take(ctx context.Context) (bool, error)

	// taken reports whether take has ever taken a value.
	taken() bool

	// clear drops the value that was taken last.
	clear()

	Close() error
}

// A sourceState is a watcher of a source with the value that was taken from it last.
// The value is kept until there is a newer one, so that a Get that takes it and then
// fails loses nothing.
type sourceState[T any] struct {
	Watcher[T]
	val  T
	has  bool
	opts [1]GetOption[T]
}

func newSourceState[T any](w Watcher[T]) *sourceState[T] {
	return &sourceState[T]{Watcher: w, opts: [1]GetOption[T]{BacklogOnly[T]()}}
}

func (s *sourceState[T]) take(ctx context.Context) (bool, error) {
	val, err := s.Get(ctx, s.opts[:]...)
	switch err {
	case nil:
		s.val, s.has = val, true
		return true, nil
	case BacklogDone:
		return false, nil
	}
	return false, err
}

func (s *sourceState[T]) taken() bool              { return s.has }
func (s *sourceState[T]) ready() bool              { return ready(s.Watcher) }
func (s *sourceState[T]) subscribe(sig *anySignal) { subscribe(s.Watcher, sig) }

func (s *sourceState[T]) clear() {
	var zero T
	s.val = zero
}

// A mergeWatcher is the watcher of a [Combine], [CombineAll] or [Rate]. Its Get takes
// what is new from each source and builds a value from what was taken.
type mergeWatcher[T any] struct {
	// due is the time from which the next value may be returned, in terms of clock.
	// Get stores it, Changed loads it. It comes first for its alignment on 32-bit
	// machines.
	due atomic.Int64

	// unseen reports that a complete value was taken that has not been returned. Get
	// stores it, when it ends and before it waits. Changed loads it.
	unseen atomic.Bool

	// out is the signal whose channel Changed returned last. Changed replaces it,
	// Close removes it, each by one atomic operation, and each stops what it
	// removed. Get fires it.
	out atomic.Pointer[anySignal]

	sources  []source
	build    func() T             // builds a value from what was taken
	every    time.Duration        // the interval of a Rate, or 0
	clock    func() time.Duration // nil if every is 0
	waiter   park.Waiter
	contexts *park.Contexts

	guard getGuard // guards the fields below, and what was taken

	// version is the number of values taken, and seen the version that was returned
	// or passed last.
	version, seen uint64

	end     error // what every later Get returns
	pending error // the end of the sources, which follows the newest value
	failed  error // the error of a source that ends the Get in progress
}

// newMerge returns a function that makes mergeWatchers. open returns the sources of
// one watcher and its build function.
func newMerge[T any](every time.Duration, open func() ([]source, func() T)) func() Watcher[T] {
	contexts := new(park.Contexts)
	return func() Watcher[T] {
		w := &mergeWatcher[T]{every: every, contexts: contexts}
		if every > 0 {
			w.clock = newClock()
		}
		w.sources, w.build = open()
		return w
	}
}

// remaining returns the time for which no value may be returned. It is not positive
// if a value may be returned now.
func (w *mergeWatcher[T]) remaining() time.Duration {
	if w.clock == nil {
		return 0
	}
	return time.Duration(w.due.Load()) - w.clock()
}

// Get implements [Watcher].
func (w *mergeWatcher[T]) Get(ctx context.Context, opts ...GetOption[T]) (val T, err error) {
	mustBeContext(ctx)
	if err := w.guard.acquire(ctx); err != nil {
		return val, err
	}
	defer w.endGet() // Deferred, because user code may panic: w.seen has not moved then.
	w.waiter.UnregisterElsewhere(ctx)
	at := mergePosition{looked: w.seen, backlog: get.BacklogOnly(opts)}
	w.failed = nil
	val, at, err = get.Next(ctx, (*busyMerge[T])(w), at, opts)
	w.seen = at.looked
	switch {
	case err == nil:
		w.end = w.pending
		if w.clock != nil {
			w.due.Store(int64(w.clock() + w.every))
		}
	case at.ended:
		w.end = err
	}
	return val, err
}

// A mergePosition is the position of a Get in the values that a mergeWatcher builds.
type mergePosition struct {
	looked  uint64 // the version that the Get has looked at
	backlog bool   // the Get must not wait
	ended   bool   // the Get returns the end of the value
}

// A busyMerge is a mergeWatcher during a Get: the source of [get.Next].
type busyMerge[T any] mergeWatcher[T]

// Look takes what is new and builds a value from it. A Get with BacklogOnly looks at
// one value only, for the reason that a MemoryValue's does.
func (b *busyMerge[T]) Look(ctx context.Context, at mergePosition) (val T, next mergePosition, found bool, end error) {
	w := (*mergeWatcher[T])(b)
	if w.end != nil {
		at.ended = true
		return val, at, false, w.end
	}
	before := w.version
	if w.pending, w.failed = w.poll(ctx); w.failed != nil {
		return val, at, false, nil
	}
	complete := w.complete()
	if !complete && w.pending == nil && w.version != before {
		// A source reports its end only after its last value.
		if w.pending, w.failed = w.poll(ctx); w.failed != nil {
			return val, at, false, nil
		}
		complete = w.complete()
	}
	unseen := complete && w.version != at.looked
	switch {
	case unseen && !(at.backlog && at.looked != w.seen) && w.remaining() <= 0:
		at.looked = w.version
		return w.build(), at, true, nil
	case w.pending != nil && !unseen:
		at.ended = true
		return val, at, false, w.pending
	case at.backlog:
		return val, at, false, BacklogDone
	}
	return val, at, false, nil
}

// Abort returns the error that a Get must return even if there is a value.
func (b *busyMerge[T]) Abort(ctx context.Context) error {
	if err := b.guard.abortErr(ctx); err != nil {
		return err
	}
	return b.failed
}

// Wait waits until there is something to take or, if a value is held back, until it
// may be returned.
func (b *busyMerge[T]) Wait(ctx context.Context, at mergePosition) {
	w := (*mergeWatcher[T])(b)
	w.publishUnseen()
	sig := new(anySignal)
	defer sig.stop()
	w.fill(sig, w.complete() && w.version != at.looked)
	sig.start()
	w.waiter.Park(ctx, &sig.broadcast, w.contexts)
}

// poll takes what is new from every source. It returns the end of the first source
// that has ended, if one has, and the first other error.
func (w *mergeWatcher[T]) poll(ctx context.Context) (end, err error) {
	for _, s := range w.sources {
		switch fresh, err := s.take(ctx); {
		case fresh:
			w.version++
		case err == nil:
		case !errors.Is(err, ErrClosed):
			return nil, err
		case end == nil:
			end = err
		}
	}
	return end, nil
}

// complete reports whether a value was taken from every source.
func (w *mergeWatcher[T]) complete() bool {
	for _, s := range w.sources {
		if !s.taken() {
			return false
		}
	}
	return true
}

// fill makes sig fire when a Get has something to look at. held reports whether a
// complete value is unseen.
func (w *mergeWatcher[T]) fill(sig *anySignal, held bool) {
	switch d := w.remaining(); {
	case held && d > 0:
		sig.after(d)
	case held: // by chance: the interval ends between two readings of the clock
		sig.broadcast.Fire()
	default:
		for _, s := range w.sources {
			s.subscribe(sig)
		}
	}
}

// publishUnseen stores for Changed what the Get in progress has taken. A source does
// not report again what was taken and not returned, so that a signal that was filled
// after that would wait for the wrong thing. Changed publishes its signal and then
// checks unseen; publishUnseen stores unseen and then looks for the signal, so that
// one of the two sees the other.
func (w *mergeWatcher[T]) publishUnseen() {
	unseen := w.complete() && w.version != w.seen
	changed := w.unseen.Swap(unseen) != unseen
	if sig := w.out.Load(); sig != nil && (changed || w.ready()) {
		sig.broadcast.Fire()
	}
}

// endGet ends a Get, even one that panics.
func (w *mergeWatcher[T]) endGet() {
	w.publishUnseen()
	if w.guard.release() {
		w.clear()
	}
}

// clear drops the values. The caller owns them: see getGuard.
func (w *mergeWatcher[T]) clear() {
	for _, s := range w.sources {
		s.clear()
	}
}

func (w *mergeWatcher[T]) ready() bool {
	switch {
	case w.guard.isClosed():
		return true
	case w.unseen.Load():
		return w.remaining() <= 0 // Otherwise the value is held back, and only that counts.
	}
	for _, s := range w.sources {
		if s.ready() {
			return true
		}
	}
	return false
}

func (w *mergeWatcher[T]) subscribe(sig *anySignal) {
	if w.guard.isClosed() { // by chance: a Close after the view above has called ready
		sig.broadcast.Fire()
	} else {
		w.fill(sig, w.unseen.Load())
	}
}

// Changed implements [Watcher].
func (w *mergeWatcher[T]) Changed() <-chan struct{} {
	for {
		if w.ready() {
			return park.ClosedChan
		}
		old := w.out.Load()
		if old != nil && !old.broadcast.Fired() {
			return w.waiter.Done(&old.broadcast)
		}
		held, next := w.unseen.Load(), new(anySignal)
		w.fill(next, held)
		next.start()
		if !w.out.CompareAndSwap(old, next) { // by chance: two calls make the channel at once
			next.stop()
			continue
		}
		if old != nil {
			old.stop()
		}
		// Publish the signal, then check: see publishUnseen.
		if w.unseen.Load() != held || w.ready() {
			next.broadcast.Fire()
		}
		if w.guard.isClosed() && w.out.CompareAndSwap(next, nil) { // by chance: a Close in between
			next.stop()
		}
		return w.waiter.Done(&next.broadcast)
	}
}

// Close implements [Watcher].
func (w *mergeWatcher[T]) Close() error {
	first, clear := w.guard.close()
	if !first {
		return nil
	}
	if clear {
		w.clear()
	}
	for _, s := range w.sources {
		_ = s.Close()
	}
	w.waiter.Close()
	if sig := w.out.Swap(nil); sig != nil {
		sig.stop()
	}
	return nil
}
