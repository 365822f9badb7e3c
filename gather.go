package event

import (
	"context"
	"errors"
	"time"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/park"
)

// A source is one of those that a gatherer gathers from.
type source interface {
	joiner
	// poll takes what is new, and reports whether something was. It does not wait.
	poll(ctx context.Context) (bool, error)
	// complete reports whether poll has ever taken something.
	complete() bool
	// forget forgets what poll has taken.
	forget()
	Close() error
}

// A part is a source with the value that was taken from it last. It is kept until there is a
// newer one: a Get that takes it and then fails has lost nothing.
type part[T any] struct {
	Watcher[T]
	val  T
	has  bool
	opts [1]GetOption[T]
}

func newPart[T any](w Watcher[T]) *part[T] {
	return &part[T]{Watcher: w, opts: [1]GetOption[T]{BacklogOnly[T]()}}
}

func (p *part[T]) poll(ctx context.Context) (bool, error) {
	val, err := p.Get(ctx, p.opts[:]...)
	switch err {
	case nil:
		p.val, p.has = val, true
		return true, nil
	case BacklogDone:
		return false, nil
	}
	return false, err
}

func (p *part[T]) complete() bool { return p.has }
func (p *part[T]) pending() bool  { return pending(p.Watcher) }
func (p *part[T]) join(j *joint)  { join(p.Watcher, j) }

func (p *part[T]) forget() {
	var zero T
	p.val = zero
}

// A gatherer is a watcher that has to look itself at what there is, as those of [Combine],
// [CombineAll] and [Rate] do: it takes what its sources have, and makes a value of that.
type gatherer[T any] struct {
	// due is when the next value may be returned, in terms of clock. Get stores it, Changed
	// loads it. It comes first for its alignment on 32-bit machines.
	due atomic.Int64

	// unseen says that there is a whole value, in parts, that has not been returned. Get
	// stores it, when it ends and before it waits; Changed loads it.
	unseen atomic.Bool

	// out is the joint whose channel Changed has returned last. Changed replaces it, Close
	// takes it away, each by one atomic operation, and releases what it got. Get fires it.
	out atomic.Pointer[joint]

	parts    []source
	made     func() T             // the value that the parts make
	every    time.Duration        // what there must be between two values
	clock    func() time.Duration // nil if that is nothing
	waiter   park.Waiter
	contexts *park.Contexts

	turn turn // who has what follows, and what is in parts
	// version counts what was taken, and seen is the version last returned or passed.
	version, seen uint64
	end           error // what all Gets return from now on
}

// gathering returns the value whose watchers make theirs of parts; parts returns these, and what does that.
func gathering[T any](every time.Duration, parts func() ([]source, func() T)) ValueWatch[T] {
	contexts := new(park.Contexts)
	return watchFunc[T](func() Watcher[T] {
		w := &gatherer[T]{every: every, contexts: contexts}
		if every > 0 {
			w.clock = newClock()
		}
		w.parts, w.made = parts()
		return w
	})
}

// watchFunc is a ValueWatch.
type watchFunc[T any] func() Watcher[T]

func (f watchFunc[T]) Watch() Watcher[T] { return f() }

// wait is how long nothing may be returned: not at all if it is not positive.
func (w *gatherer[T]) wait() time.Duration {
	if w.clock == nil {
		return 0
	}
	return time.Duration(w.due.Load()) - w.clock()
}

// Get implements [Watcher].
func (w *gatherer[T]) Get(ctx context.Context, opts ...GetOption[T]) (val T, err error) {
	mustBeContext(ctx)
	if err := w.turn.begin(ctx); err != nil {
		return val, err
	}
	defer w.finish() // Deferred, because user code may panic: then w.seen has not moved.
	w.waiter.UnregisterElsewhere(ctx)
	looked, backlog, again := w.seen, backlogOnly(opts), false
	for {
		if err := w.turn.hindrance(ctx); err != nil {
			return val, err
		}
		if w.end != nil {
			return val, w.end
		}
		before := w.version
		end, err := w.gather(ctx)
		if err != nil {
			return val, err
		}
		whole := w.complete()
		unseen := whole && w.version != looked
		switch {
		// BacklogOnly looks at one value only, for the reason that a MemoryValue's does.
		case unseen && !(backlog && looked != w.seen) && w.wait() <= 0:
			looked = w.version
			if made, ok := w.look(opts); ok {
				if err := w.turn.hindrance(ctx); err != nil {
					return val, err
				}
				w.seen, w.end = looked, end
				if w.clock != nil {
					w.due.Store(int64(w.clock() + w.every))
				}
				return made, nil
			}
		case end != nil && !unseen:
			w.seen, w.end = looked, end
			return val, end
		case !whole && w.version != before && !again:
			again = true // The end of a source shows itself only after its last value.
		case backlog:
			w.seen = looked
			return val, BacklogDone
		default:
			w.park(ctx, unseen)
		}
	}
}

// gather takes what is new. It returns the end of the first source that has ended, if one has.
func (w *gatherer[T]) gather(ctx context.Context) (end, err error) {
	for _, p := range w.parts {
		switch fresh, err := p.poll(ctx); {
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

// look makes the value and asks the predicates.
func (w *gatherer[T]) look(opts []GetOption[T]) (T, bool) {
	val := w.made()
	return val, accepts(opts, val)
}

// complete reports whether there is a part of every source.
func (w *gatherer[T]) complete() bool {
	for _, p := range w.parts {
		if !p.complete() {
			return false
		}
	}
	return true
}

// park waits until there is something to gather or, if a value is held back, until it may
// be returned.
func (w *gatherer[T]) park(ctx context.Context, held bool) {
	w.settle()
	j := new(joint)
	defer j.release()
	w.fill(j, held)
	j.start()
	w.waiter.Park(ctx, &j.signal, w.contexts)
}

// fill makes j fire when there is reason to look.
func (w *gatherer[T]) fill(j *joint, held bool) {
	switch wait := w.wait(); {
	case held && wait > 0:
		j.after(wait)
	case held: // by chance: the interval passes between two looks at the clock
		j.signal.Fire()
	default:
		for _, p := range w.parts {
			p.join(j)
		}
	}
}

// settle makes known to Changed what the Get in progress has found. Of what it has taken
// from a source and not returned, no source will tell again: a joint that was filled after
// it was taken waits for the wrong thing. Changed lets its joint be found, and then looks whether
// anything is other than it was; this stores, and then looks for the joint. One of the two sees the other.
func (w *gatherer[T]) settle() {
	unseen := w.complete() && w.version != w.seen
	other := w.unseen.Swap(unseen) != unseen
	if j := w.out.Load(); j != nil && (other || w.pending()) {
		j.signal.Fire()
	}
}

// finish ends a Get, also one that panics.
func (w *gatherer[T]) finish() {
	w.settle()
	if w.turn.end() {
		w.forget()
	}
}

// forget forgets the values. The caller is the one who has them.
func (w *gatherer[T]) forget() {
	for _, p := range w.parts {
		p.forget()
	}
}

func (w *gatherer[T]) pending() bool {
	switch {
	case w.turn.isClosed():
		return true
	case w.unseen.Load():
		return w.wait() <= 0 // Else it is held back, and that alone counts.
	}
	for _, p := range w.parts {
		if p.pending() {
			return true
		}
	}
	return false
}

func (w *gatherer[T]) join(j *joint) {
	if w.turn.isClosed() { // by chance: a Close that comes once the view above has looked
		j.signal.Fire()
	} else {
		w.fill(j, w.unseen.Load())
	}
}

// Changed implements [Watcher].
func (w *gatherer[T]) Changed() <-chan struct{} {
	for {
		if w.pending() {
			return hasEnded
		}
		old := w.out.Load()
		if old != nil && !old.signal.Fired() {
			return w.waiter.Done(&old.signal)
		}
		held, next := w.unseen.Load(), new(joint)
		w.fill(next, held)
		next.start()
		if !w.out.CompareAndSwap(old, next) { // by chance: two make the channel at once
			next.release()
			continue
		}
		if old != nil {
			old.release()
		}
		// Now that settle and Close can find it.
		if w.unseen.Load() != held || w.pending() {
			next.signal.Fire()
		}
		if w.turn.isClosed() && w.out.CompareAndSwap(next, nil) { // by chance: a Close in between
			next.release()
		}
		return w.waiter.Done(&next.signal)
	}
}

// Close implements [Watcher].
func (w *gatherer[T]) Close() error {
	first, release := w.turn.close()
	if !first {
		return nil
	}
	if release {
		w.forget()
	}
	for _, p := range w.parts {
		_ = p.Close()
	}
	w.waiter.Close()
	if j := w.out.Swap(nil); j != nil {
		j.release()
	}
	return nil
}
