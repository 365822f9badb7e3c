package event

import (
	"context"
	"errors"
	"slices"

	"github.com/eventvalue/event/internal/park"
)

// A Runnable is a long-running function that a supervisor runs. It runs until ctx
// ends or it fails, and returns the reason. It may be run again.
type Runnable func(ctx context.Context) error

// Serve calls r. It makes a Runnable a Service of github.com/thejerf/suture.
// Serve panics if r or ctx is nil.
func (r Runnable) Serve(ctx context.Context) error {
	if r == nil {
		panic("event: Runnable.Serve: nil function")
	}
	if ctx == nil {
		panic("event: Runnable.Serve: nil context")
	}
	return r(ctx)
}

// Pipe returns a Runnable that sends the current value of v to c, and then newer
// values, for consumers that are written around a channel. A slow consumer skips
// values: while c has no room, the newest value that opts accept is on offer. It
// replaces the former offer as soon as the goroutine of the Runnable runs. Give c no
// buffer, because the values in a buffer grow old.
//
// The Runnable returns the first of the following that happens. It never closes c.
//
//   - ctx ends, in any state of the Runnable: it returns ctx.Err(). As in a Get, that
//     is [context.Canceled] if Done is closed and Err is nil.
//   - v ends, or with [BacklogOnly] the backlog ends: the last value stays on offer
//     until it is taken or ctx ends. The Runnable then returns the end of v, or
//     [BacklogDone].
//   - a Get on v fails with another error: the offer is withdrawn, and the Runnable
//     returns that error.
//
// Each run has a watcher of its own and begins with the current value, so that a
// consumer that was restarted gets the present state. Several runs may be in progress
// at the same time. Each then sends the values that it sees.
//
// If v is keyed, as a remote.Range is, its watchers return entries under different
// keys. A newer entry does not replace the one on offer, which stays on offer until it
// is taken or ctx ends. A ValueWatch from another module reports that it is
// keyed by a method Keyed() bool.
//
// Predicates among opts run on the goroutine of the Runnable. [WithHealthy] reports
// that a run watches.
//
// Pipe panics if v or c is nil. The Runnable panics if ctx is nil.
//
// Cost: a watcher for each run, and no goroutine except the caller's.
func Pipe[T any](v ValueWatch[T], c chan<- T, opts ...GetOption[T]) Runnable {
	if isNil(v) {
		panic("event: Pipe: nil value")
	}
	if c == nil {
		panic("event: Pipe: nil channel")
	}
	opts = slices.Clone(opts) // The caller may use the array again.
	backlog := append(slices.Clip(opts), BacklogOnly[T]())
	stands := isKeyed(v)
	return func(ctx context.Context) error {
		if ctx == nil {
			panic("event: Pipe: nil context")
		}
		w := v.Watch()
		defer w.Close()
		onReady(ctx)
		for {
			val, err := w.Get(ctx, opts...)
			if err != nil {
				return err
			}
			if stands {
				err = lastOffer(ctx, c, val, nil)
			} else {
				err = offer(ctx, w, c, val, backlog)
			}
			if err != nil {
				return err
			}
		}
	}
}

// offer waits until c has room, and then sends the newest of val and the values of w.
// It returns nil if there may be more values, and otherwise the result of the
// Runnable.
func offer[T any](ctx context.Context, w Watcher[T], c chan<- T, val T, backlog []GetOption[T]) error {
	select {
	case c <- val: // This saves the Changed channel.
		return nil
	default:
	}
	for {
		select {
		case c <- val:
			return nil
		case <-ctx.Done():
			return park.EndErr(ctx)
		case <-w.Changed():
		}
		newer, err := w.Get(ctx, backlog...)
		switch {
		case err == nil:
			val = newer
		case errors.Is(err, ErrClosed):
			return lastOffer(ctx, c, val, err)
		case err != BacklogDone:
			return err
		}
	}
}

// lastOffer sends val to c and returns end, unless ctx ends first.
func lastOffer[T any](ctx context.Context, c chan<- T, val T, end error) error {
	// end may be the error of ctx, if that wraps ErrClosed.
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c <- val:
		return end
	case <-ctx.Done():
		return park.EndErr(ctx)
	}
}

// healthyKey is the context key of the function given to WithHealthy.
type healthyKey struct{}

// WithHealthy returns a context under which each run of a [Pipe] calls f as
// soon as the run watches its value. From then on the run misses nothing. A
// supervisor can use f to report that the run is up.
//
// A run calls f once, on the goroutine of the run, before it offers the first
// value, even if ctx has ended by then. The run continues when f returns. No
// lock is held. Concurrent runs may call f concurrently. Contexts derived from
// the returned one carry f as well. If a context carries several functions,
// only the one given last is called.
//
// If f panics, the run panics. WithHealthy panics if ctx or f is nil.
func WithHealthy(ctx context.Context, f func()) context.Context {
	if ctx == nil {
		panic("event: WithHealthy: nil context")
	}
	if f == nil {
		panic("event: WithHealthy: nil function")
	}
	return context.WithValue(ctx, healthyKey{}, f)
}

// onReady calls the function given to WithHealthy that ctx carries, if any.
func onReady(ctx context.Context) {
	if f, ok := ctx.Value(healthyKey{}).(func()); ok {
		f()
	}
}
