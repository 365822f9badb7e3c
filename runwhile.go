package event

import (
	"context"
	"errors"
	"runtime"
)

// RunWhile runs run with the current value of v, and anew each time that the value has
// changed so much that keep says no: the loop around a server that must be restarted when its
// configuration changes.
//
// Each run has a context of its own. When there is a newer value for which keep(old, next) is
// false, old being what run was given, RunWhile cancels that context with the cause
// [ErrChanged], waits until run has returned, and calls it again with the newest value that
// there is then. A run that returns nil is over; the next such value starts another. What is
// kept is not compared again: old stays what run was given.
//
// RunWhile returns, the first that holds winning: ctx.Err() when ctx has ended; the error of
// v's Get when v has ended, or Get fails; and what run returned, if that is an error which is not due to the
// cancel. (Due to it are errors in which [errors.Is] finds [context.Canceled] or ErrChanged,
// from a run that RunWhile has cancelled.) Whatever ends RunWhile, it cancels the context of
// the run in progress, with the same as cause, and returns when that has returned, and not before.
//
// run is called on the caller's goroutine. keep is called on another, which ends before
// RunWhile does; no lock is held, and the calls do not overlap. It is asked about a value
// at most once a run. If run or keep panics, the other is ended, and the panic reaches the caller. RunWhile costs a
// watcher, and a goroutine and a context for each run.
//
// RunWhile panics if ctx, v, keep or run is nil, and if v is keyed, as a remote.Range is: its entries are of
// different keys and cannot be compared.
func RunWhile[T any](ctx context.Context, v ValueWatch[T], keep func(old, next T) bool, run func(context.Context, T) error) error {
	switch {
	case ctx == nil:
		panic("event: RunWhile: nil context")
	case v == nil:
		panic("event: RunWhile: nil value")
	case keep == nil || run == nil:
		panic("event: RunWhile: nil function")
	case isKeyed(v):
		panic("event: RunWhile: keyed value")
	}
	w := v.Watch()
	defer w.Close()
	val, err := w.Get(ctx)
	for err == nil {
		f := &follower[T]{watcher: w, done: make(chan struct{})}
		val, err = f.run(ctx, val, keep, run)
	}
	return err
}

// A follower watches the value during one run.
type follower[T any] struct {
	watcher Watcher[T]

	// What has come of it, once done is closed:
	next     T     // what to run with
	err      error // why there is no next
	returned bool  // false if keep has panicked, or ended its goroutine
	panicked any   // what keep has panicked with
	done     chan struct{}
}

// run calls run with val. It returns the value for the next run, or the reason
// for there being none.
//
//explore:skip makes contexts and ends its goroutine
func (f *follower[T]) run(ctx context.Context, val T, keep func(old, next T) bool, run func(context.Context, T) error) (T, error) {
	var zero T
	running, cancel := context.WithCancelCause(ctx)
	following, stop := context.WithCancel(ctx)
	go f.follow(following, cancel, Filter(func(next T) bool { return !keep(val, next) }))
	defer func() { // Also if run panics, or ends the goroutine.
		stop()
		<-f.done
		cancel(nil)
	}()
	err := run(running, val)
	failed := err != nil && running.Err() == nil
	if failed {
		stop()
	}
	<-f.done
	switch {
	case f.panicked != nil:
		panic(f.panicked)
	case !f.returned:
		runtime.Goexit()
	case failed:
		return zero, err
	case ctx.Err() != nil:
		return zero, ctx.Err()
	case f.err != nil:
		return zero, f.err
	case err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrChanged):
		return zero, err
	}
	// The run may have taken its time to end.
	switch newest, err := f.watcher.Get(ctx, BacklogOnly[T]()); {
	case err == nil:
		return newest, nil
	case ctx.Err() != nil: // by chance: it ends after the look above
		return zero, ctx.Err()
	}
	return f.next, nil // Of an error the next run will hear.
}

// follow waits for a value that opts accept, or an error, and then cancels the
// run.
//
//explore:skip recovers a panic
func (f *follower[T]) follow(ctx context.Context, cancel context.CancelCauseFunc, opts ...GetOption[T]) {
	defer close(f.done)
	defer func() {
		if !f.returned {
			f.panicked = recover()
			cancel(nil)
		}
	}()
	f.next, f.err = f.watcher.Get(ctx, opts...)
	f.returned = true
	if f.err != nil {
		cancel(f.err)
	} else {
		cancel(ErrChanged)
	}
}
