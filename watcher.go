package event

import (
	"context"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
	"github.com/eventvalue/event/internal/park"
)

// A Watcher follows a value for one consumer. It remembers what it has seen. Nothing
// queues, and a slow watcher delays neither another watcher nor a producer.
//
// A watcher may be handed from goroutine to goroutine, but one Get may run at a time;
// Changed and Close may be called during a Get.
//
// In the terminology of the Go memory model, the Set of a value synchronizes before the
// return of the Get that returns that value or a later one, and before the close of each
// Changed channel that it closes; a value's Close before the [ErrClosed] that it causes.
//
// [Version] and [Behind] report where a watcher is, [TryGet] is a Get that does not wait.
//
// An idle watcher costs its memory, and keeps its last context until that context ends.
type Watcher[T any] interface {
	// Get returns the newest value at once if the watcher has not seen it, and
	// otherwise waits for the next value. It skips values that were replaced in the
	// meantime: a watcher sees a subsequence of the values, strictly forward, and
	// always the newest eventually. What Get returns was the newest value at some
	// instant of the call. Once a Set has returned, Get needs no further Set to return
	// the value that was set, or a newer one, unless a Filter rejects it.
	//
	// Get returns the first of the following that applies:
	//
	//  1. ctx.Err(), if ctx has ended, even if there is a value. [context.Cause] of ctx
	//     has the reason, which ctx.Err() does not report.
	//  2. [ErrWatcherClosed], after Close.
	//  3. [ErrConcurrentGet], if another Get on the same watcher is in progress: see
	//     there for Gets that need not wait.
	//  4. a value.
	//  5. the error with which the value has ended, [ErrClosed], once its final value
	//     has been seen.
	//  6. [BacklogDone], with [BacklogOnly], instead of waiting.
	//
	// The end of ctx, Close and the value's end also end the wait. No value is returned
	// that was set after ctx had ended. A Get that waits takes ctx for ended once its
	// Done channel is closed. If ctx.Err() is nil then, as it is with a type that embeds
	// a context and has a Done of its own, Get returns [context.Canceled]. A Get with
	// something to return reads Err alone.
	//
	// An end or a Close that comes during a predicate counts, too. If a Set and an end of
	// ctx come at the same time, either wins.
	//
	// Only a returned value, BacklogDone or the value's end moves the watcher. After any
	// other error, the values that a Filter rejected are still unseen.
	//
	// Get panics if ctx is nil.
	Get(ctx context.Context, opts ...GetOption[T]) (T, error)

	// Changed returns a channel for use in a select. The channel is closed if there is
	// something that the watcher has not seen, if the value has ended, or if the watcher
	// is closed. Otherwise it closes when there is something new or the value ends. It
	// closes before Set returns if at most four watchers have taken a channel since the
	// last Set, those that were closed since included, and otherwise soon after. Of
	// concurrent Sets, the first one closes it, and another may return before
	// that.
	//
	// The channel misses nothing, but it may be early: a Filter may reject what is new,
	// and a view may leave it out. After it, call Get with [BacklogOnly]:
	//
	//   - a value is new.
	//   - [BacklogDone] means "nothing yet". The next Changed stays open until something
	//     new happens.
	//   - any other error: leave the loop, or set the channel to nil. Once the value has
	//     ended, every Changed is closed, and a loop that selects on it spins.
	//
	// Changed does not consume anything. While something is unseen, it allocates nothing.
	// Repeated calls return the same channel until there is something new. A channel that
	// was taken before Close may stay open.
	Changed() <-chan struct{}

	// Close makes a waiting Get and every later one return ErrWatcherClosed, or ctx.Err()
	// if ctx has ended. It releases the value and the last context. A second Close has no
	// effect. Close returns nil. [MemoryValue.Watch] states what a watcher that is dropped
	// without it keeps.
	Close() error
}

// A watcher is the Watcher of a MemoryValue. It is one object. Its first wait adds a
// channel and a node, the second in a row under one context a registration.
type watcher[T any] struct {
	// state comes first: see watcherState.
	state watcherState

	// value is nil after Close, and not before. Close sets the closed bit first. A
	// goroutine that loads value, and then a state that is not closed, has a value
	// that is not nil. Get's fast path loads in the other order, and checks for nil.
	value atomicPtr[MemoryValue[T]]

	waiter waiter
}

// A waiter is a park.Waiter. It is a type of its own for the reason that
// watcherState is.
type waiter struct{ park.Waiter }

// registered reports whether w is registered with a context. A watcher keeps no
// context except its last: a Get under another context unregisters it, even if that
// Get does not wait.
func (w *waiter) registered() bool { return w.Registered() }

// Get implements [Watcher]. With something to return, and no option but BacklogOnly,
// it is lock-free and allocates nothing, unless it leaves a context.
func (w *watcher[T]) Get(ctx context.Context, opts ...GetOption[T]) (T, error) {
	if ctx == nil {
		panic("event: Watcher.Get: nil context")
	}
	// Load the state, then the head: the head is no older than what the watcher has
	// seen, and the compare-and-swap fails if the watcher has moved since. Load the
	// head, then check the context: a value that is returned was set before the
	// context ended.
	state := w.state.load()
	if v := w.value.Load(); v != nil && (len(opts) == 0 || unfiltered(opts)) && state&(busy|closed) == 0 {
		s := v.head.Load()
		if s.seenState() != state {
			if !(w.waiter.registered() && w.waiter.RegisteredElsewhere(ctx)) &&
				ctx.Err() == nil && w.state.cas(state, s.seenState()) {
				return s.val, nil
			}
		} else if done := ctx.Done(); len(opts) == 0 && !s.final() && (done != nil || ctx.Err() == nil) && w.state.cas(state, state|busy) {
			// Usually this is the only wait of the Get. It stands here and not in a
			// function below, so that the return is short: see park.Receive. A context
			// without a Done channel has been checked here, because Prepare checks that
			// channel. Nothing is deferred: until getBusy, which defers what a panic
			// needs, no method of the context is called while w is busy.
			s := w.finishWait(done, v, s, park.Receive(w.waiter.Prepare(done, &s.superseded)))
			if s == nil {
				return w.getBusy(ctx, v, state, nil, false, true)
			}
			return s.val, nil
		}
	}
	return w.getSlow(ctx, opts, get.BacklogOnly(opts))
}

// GetBacklog implements [backlogGetter].
func (w *watcher[T]) GetBacklog(ctx context.Context, opts []GetOption[T]) (T, error) {
	return w.getSlow(ctx, opts, true)
}

// unfiltered reports whether opts has no predicate. It is exact for one option only,
// which is usually BacklogOnly.
func unfiltered[T any](opts []GetOption[T]) bool { return len(opts) == 1 && opts[0].Predicate == nil }

// finishWait ends a wait for the successor of s. It returns the newest snapshot, and
// w is idle. It returns nil if that is still s, or if Get must return something
// else; w is still busy then.
func (w *watcher[T]) finishWait(done <-chan struct{}, v *MemoryValue[T], s *snapshot[T], woken bool) *snapshot[T] {
	state := s.seenState()
	if !w.waiter.Finish(&s.superseded, woken) {
		return nil // Even if there is a newer snapshot: w may have to leave a context, which getBusy does.
	}
	s = v.head.Load()
	if s.seenState() == state {
		return nil
	}
	// Load the head, then check the context, as in Get.
	select {
	case <-done:
		return nil
	default:
	}
	if !w.state.cas(state|busy, s.seenState()) { // It is closed.
		return nil
	}
	return s
}

// getSlow is Get in all other cases: with options, with an earlier context to
// leave, with an error or the value's end to return, or after a failed
// compare-and-swap. If backlog is true, it does not wait.
func (w *watcher[T]) getSlow(ctx context.Context, opts []GetOption[T], backlog bool) (T, error) {
	state, v, err := w.acquire(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	return w.getBusy(ctx, v, state, opts, backlog, false)
}

// getBusy is the part of a Get after w has become busy. It makes w idle again. state
// is the state before w was busy. waited reports that the Get has waited already.
func (w *watcher[T]) getBusy(ctx context.Context, v *MemoryValue[T], state uint64, opts []GetOption[T], backlog, waited bool) (val T, err error) {
	reached := state
	// Deferred, because a predicate may panic: the watcher has not moved then. The
	// compare-and-swap fails if Close came first; the version of a closed watcher
	// has no meaning.
	defer func() { w.state.cas(state|busy, reached) }()
	w.waiter.UnregisterElsewhere(ctx)
	at := getPosition[T]{value: v, start: state, looked: state, backlog: backlog}
	if waited {
		val, at, err = get.Resume(ctx, (*busyWatcher[T])(w), at, opts)
	} else {
		val, at, err = get.Next(ctx, (*busyWatcher[T])(w), at, opts)
	}
	reached = at.looked
	return val, err
}

// acquire makes w busy. It returns the state before that, and the value.
func (w *watcher[T]) acquire(ctx context.Context) (state uint64, v *MemoryValue[T], err error) {
	for {
		state, v = w.state.load(), w.value.Load()
		if state&(busy|closed) == 0 {
			if w.state.cas(state, state|busy) {
				return state, v, nil
			}
			continue // by chance: a Close or another Get in between
		}
		switch err := ctx.Err(); {
		case err != nil:
			return 0, nil, err
		case state&closed != 0:
			return 0, nil, ErrWatcherClosed
		default:
			return 0, nil, ErrConcurrentGet
		}
	}
}

// A getPosition is the position of a Get in a value.
type getPosition[T any] struct {
	value   *MemoryValue[T]
	start   uint64 // the state in which the Get began
	looked  uint64 // the state of a watcher that has seen what the Get has looked at
	backlog bool   // the Get must not wait
}

// A busyWatcher is a watcher during a Get: the source of [get.Next].
type busyWatcher[T any] watcher[T]

// Look looks at the head. A Get with BacklogOnly looks at one value only: otherwise
// it would not end under a producer that is faster than a predicate that rejects.
func (w *busyWatcher[T]) Look(_ context.Context, at getPosition[T]) (val T, next getPosition[T], found bool, end error) {
	s := at.value.head.Load()
	seen := s.seenState()
	switch {
	case seen != at.looked && !(at.backlog && at.looked != at.start):
		at.looked = seen
		return s.val, at, true, nil
	case seen == at.looked && s.final():
		return val, at, false, *at.value.end.Load()
	case at.backlog:
		return val, at, false, BacklogDone
	}
	return val, at, false, nil
}

// Abort returns the error that a Get must return even if there is a value.
func (w *busyWatcher[T]) Abort(ctx context.Context) error {
	if err := ctx.Err(); err != nil || w.state.load()&closed == 0 {
		return err
	}
	return ErrWatcherClosed
}

// Wait waits for the successor of the snapshot that the Get has looked at.
func (w *busyWatcher[T]) Wait(ctx context.Context, at getPosition[T]) {
	if s := at.value.head.Load(); s.seenState() == at.looked && !s.final() {
		w.waiter.Park(ctx, &s.superseded, &at.value.contexts)
	}
}

// Changed implements [Watcher]. It allocates only if nothing is unseen and the
// channel was not asked for before.
func (w *watcher[T]) Changed() <-chan struct{} {
	if b := w.waitTarget(); b != nil {
		return w.waiter.Done(b)
	}
	return park.ClosedChan
}

// waitTarget returns the broadcast that fires when there is something new, or nil if
// there is nothing to wait for.
func (w *watcher[T]) waitTarget() *park.Broadcast {
	state, v := w.state.load(), w.value.Load()
	if v == nil || state&closed != 0 {
		return nil
	}
	s := v.head.Load()
	if s.seenState() != state&^busy || s.final() {
		return nil
	}
	return &s.superseded
}

// Ready reports whether the channel that Changed returns would be closed.
func (w *watcher[T]) Ready() bool { return w.waitTarget() == nil }

// Subscribe makes target fire once the channel that Changed returns would be closed:
// see [capability.Signaler].
func (w *watcher[T]) Subscribe(target park.Target) *park.Relay {
	b := w.waitTarget()
	if b == nil {
		target.Fire()
		return nil
	}
	return b.Relay(target)
}

// Close implements [Watcher].
func (w *watcher[T]) Close() error {
	for {
		state := w.state.load()
		if state&closed != 0 {
			return nil
		}
		if w.state.cas(state, state|closed) {
			break
		}
	}
	v := w.value.Load()
	w.value.Store(nil)
	v.watchers.add(-1)
	w.waiter.Close() // Last, because it calls foreign code, which may panic.
	return nil
}

// Behind reports how far w is behind: see [Behind].
func (w *watcher[T]) Behind() (versions uint64, ok bool) {
	state, v := w.state.load(), w.value.Load()
	if v == nil || state&closed != 0 {
		return 0, true
	}
	return v.head.Load().version>>versionShift - state>>versionShift, true
}

// Version reports where w is: see [Version].
func (w *watcher[T]) Version() (version uint64, ok bool) {
	return w.state.load() >> versionShift, true
}

// Capabilities reports to this module's packages what the watcher can do.
func (w *watcher[T]) Capabilities() capability.Set {
	return capability.Set{Lagger: w, Versioner: w, Signaler: w}
}
