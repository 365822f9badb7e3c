package event

import (
	"context"
	"errors"
	"slices"
)

// A Runnable is a long-running function in the hands of a supervisor: it runs until ctx
// ends or it fails, returns why, and may be run again.
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

// Pipe returns a Runnable that sends the current value of v to c and then newer ones, for
// consumers that are written around a channel. Slow consumers skip: while c has no room,
// what is on offer is the newest value that opts accept, as soon as the Runnable has come to
// run. Give c no buffer, or the values in it grow old.
//
// The Runnable runs until ctx ends, whatever it is doing, until a Get on v fails, or until
// v ends; the last value then stays on offer until it is taken or ctx ends. So it does
// with [BacklogOnly], at the end of the backlog. Any other failure of a Get withdraws what is
// on offer. It returns why it ended: ctx.Err(), the
// error of the Get, the value's end, or [BacklogDone]. It never closes c. Each run has a
// watcher of its own and begins with the current value, so that a consumer that was
// restarted learns where things stand. Several runs may be in progress at once, and then each
// sends what it sees. A run costs a watcher and no goroutine but its caller's.
//
// If v is keyed, as a remote.Range is, its watchers return entries under different keys, and a newer
// entry does not replace the one on offer: that one stands until it is taken or ctx ends. A ValueWatch
// from elsewhere reports that it is keyed by a method Keyed() bool.
//
// Predicates among opts run on the Runnable's goroutine. See [WithHealthy] for being told that a
// run watches.
//
// Pipe panics if v or c is nil; the Runnable panics if ctx is.
func Pipe[T any](v ValueWatch[T], c chan<- T, opts ...GetOption[T]) Runnable {
	if v == nil {
		panic("event: Pipe: nil value")
	}
	if c == nil {
		panic("event: Pipe: nil channel")
	}
	opts = slices.Clone(opts) // The caller may go on using the array.
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

// offer sends to c the newest of val and the values that w has when c has room. It returns
// nil after that if there may be more, and else why there is not.
func offer[T any](ctx context.Context, w Watcher[T], c chan<- T, val T, backlog []GetOption[T]) error {
	select {
	case c <- val: // Spares making the Changed channel.
		return nil
	default:
	}
	for {
		select {
		case c <- val:
			return nil
		case <-ctx.Done():
			return ctx.Err()
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

// lastOffer sends val to c, come what may but the end of ctx, and returns end.
func lastOffer[T any](ctx context.Context, c chan<- T, val T, end error) error {
	select {
	case c <- val:
		return end
	case <-ctx.Done():
		return ctx.Err()
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
