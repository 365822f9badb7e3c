package event

import (
	"context"
	"errors"
	"reflect"
	"runtime"

	"github.com/eventvalue/event/internal/park"
)

// RunWhile runs run with the current value of v, and runs it again when the value
// has changed so much that keep(old, next) is false. It is the loop around a server
// that must be restarted when its configuration changes.
//
// Each run has a context of its own. For each newer value, RunWhile calls
// keep(old, next), where old is the value that run was given. If keep returns false,
// RunWhile cancels the run's context with the cause [ErrChanged], waits until run has
// returned, and calls run again with the newest value. When ctx or v ends, or a Get on
// v fails, RunWhile also cancels the context and waits until run has returned. The
// cause is then the cause of ctx, or the error of the Get.
//
// What RunWhile does when run returns depends on the [context.Cause] of the run's
// context at that time, and not on ctx.Err(), which is context.Canceled in each
// case:
//
//   - ErrChanged: RunWhile calls run again with the newest value. What run has
//     returned is dropped, whatever it is.
//   - none, and run has returned nil: RunWhile waits for the next value for which
//     keep(old, next) is false, and calls run again. old remains the value that run
//     was given.
//   - none, and run has returned an error: RunWhile returns that error. If ctx or v
//     had ended by then, the error is joined with ctx.Err() or the end of v. To find
//     out, RunWhile drops the remaining values.
//   - an end of ctx or v, or the error of a Get: RunWhile returns ctx.Err(), or the
//     error of the Get, itself and unwrapped, if run has returned nil or an error in
//     which [errors.Is] finds [context.Canceled], [context.DeadlineExceeded] or the
//     cause. Any other error of run is joined with it, so that a failed flush is not
//     lost.
//
// A server can so return what its library returns when it is stopped, such as
// http.ErrServerClosed, and is restarted. If ctx ends between two runs, RunWhile
// returns ctx.Err(). See docs/patterns.md for an HTTP server, a listener and a process.
//
// run is called on the caller's goroutine. keep is called on another goroutine,
// which ends before RunWhile returns. No lock is held. The calls of keep do not
// overlap each other, but keep may be called while run runs. During one run, it is
// called at most once for each value. It may prepare the next run, for instance bind
// the new listener. If it then returns true because it cannot, the old server
// continues. The next run may be given an even newer value than the last one for
// which keep returned false.
//
// If run or keep panics, the other is ended, and the panic reaches the caller.
// RunWhile panics if ctx, v, keep or run is nil, and if v is keyed, as a
// remote.Range is: its entries belong to different keys and cannot be compared.
//
// Cost: a watcher, and a goroutine and two contexts for each run.
func RunWhile[T any](ctx context.Context, v ValueWatch[T], keep func(old, next T) bool, run func(context.Context, T) error) error {
	switch {
	case ctx == nil:
		panic("event: RunWhile: nil context")
	case isNil(v):
		panic("event: RunWhile: nil value")
	case keep == nil || run == nil:
		panic("event: RunWhile: nil function")
	case isKeyed(v):
		panic("event: RunWhile: " + keyedValue)
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

// A soundContext is a context whose Err is not nil once Done is closed. Package
// context panics if the parent of a context is not sound: see [park.ContextErr].
type soundContext struct{ context.Context }

func (c soundContext) Err() error { return park.ContextErr(c.Context) }

// A follower watches the value during one run.
type follower[T any] struct {
	watcher Watcher[T]

	// The result, once done is closed. If changed is false and failed is nil, the
	// Get has ended with the run's context.
	next     T     // the value for the next run, if changed
	changed  bool  // there is a value that is not kept
	failed   error // the end of the value, or another error of its Get
	exited   bool  // keep has ended its goroutine
	returned bool  // false if keep has panicked or ended its goroutine
	panicked any   // the value with which keep has panicked, which may be nil
	done     chan struct{}
}

// run calls run with val. It returns the value for the next run, or the error that
// RunWhile returns.
//
//explore:skip makes contexts and ends its goroutine
func (f *follower[T]) run(ctx context.Context, val T, keep func(old, next T) bool, run func(context.Context, T) error) (next T, err error) {
	running, cancel := context.WithCancelCause(soundContext{ctx})
	// following is derived from running, so that the end of ctx ends running first:
	// f then does not cancel running with the error of a Get that ctx has ended.
	following, stop := context.WithCancel(running)
	go f.follow(following, cancel, Filter(func(next T) bool { return !keep(val, next) }))
	defer func() { // Runs even if run panics or ends the goroutine.
		stop()
		<-f.done
		cancel(nil)
	}()
	result := run(running, val)
	cause := context.Cause(running)
	if cause == nil && result != nil {
		stop()
	}
	<-f.done
	switch {
	case f.exited:
		runtime.Goexit()
	case !f.returned:
		panic(f.panicked)
	case cause == nil && result != nil:
		return next, joined(result, f.endNow(ctx))
	case f.again(ctx, cause):
		return f.newest(ctx)
	}
	end := f.endOf(ctx, running, cause)
	if result == nil || errors.Is(result, context.Canceled) || errors.Is(result, context.DeadlineExceeded) || isErr(result, cause) {
		return next, end
	}
	return next, joined(end, result)
}

// joined is errors.Join, but returns err itself if other is nil.
func joined(err, other error) error {
	if other == nil {
		return err
	}
	return errors.Join(err, other)
}

// isErr is errors.Is, which never finds an error of a type that == cannot compare.
//
//explore:skip uses reflection
func isErr(err, target error) bool {
	return errors.Is(err, target) || !reflect.TypeOf(target).Comparable() && reflect.DeepEqual(err, target)
}

// endNow returns ctx.Err() if ctx has ended, the end of the value if the value has
// ended, and otherwise nil.
func (f *follower[T]) endNow(ctx context.Context) error {
	if err := park.ContextErr(ctx); err != nil {
		return err
	}
	_, err := f.watcher.Get(ctx, BacklogOnly[T](), Filter(func(T) bool { return false }))
	if park.ContextErr(ctx) != nil || errors.Is(err, ErrClosed) {
		return err
	}
	return nil
}

// again reports whether there is a next run. cause is the cause of the end of the
// last run's context. The cause of ctx may be ErrChanged, too: a RunWhile around this
// one may have cancelled ctx.
//
//explore:skip reads the cause of a context
func (f *follower[T]) again(ctx context.Context, cause error) bool {
	if cause == nil {
		return f.changed
	}
	return f.changed && cause == ErrChanged && !(park.ContextErr(ctx) != nil && context.Cause(ctx) == ErrChanged)
}

// newest returns the newest value: the last run may have taken its time to end.
func (f *follower[T]) newest(ctx context.Context) (T, error) {
	var none T
	switch newest, err := f.watcher.Get(ctx, BacklogOnly[T]()); {
	case err == nil:
		return newest, nil
	case park.ContextErr(ctx) != nil:
		return none, park.ContextErr(ctx)
	case err == BacklogDone || errors.Is(err, ErrClosed):
		return f.next, nil // The next run's follower gets the end.
	default:
		return none, err
	}
}

// endOf returns the end of ctx or of the value: the one that has ended running, the
// run's context, with the given cause. If cause is nil, no run was in progress.
func (f *follower[T]) endOf(ctx, running context.Context, cause error) error {
	if f.failed != nil && (cause == nil || isErr(cause, f.failed)) {
		return f.failed
	}
	if err := park.ContextErr(ctx); err != nil {
		return err
	}
	return running.Err() // by chance: ctx takes back its end
}

// follow waits for a value that opts accept, or an error, and then cancels the
// run.
//
//explore:skip recovers a panic
func (f *follower[T]) follow(ctx context.Context, cancel context.CancelCauseFunc, opts ...GetOption[T]) {
	defer close(f.done)
	defer func() {
		if !f.returned {
			cancel(nil)
		}
	}()
	f.exited = true
	f.get(ctx, opts)
	f.exited = false
	switch {
	case f.changed:
		cancel(ErrChanged)
	case f.failed != nil:
		cancel(f.failed)
	}
}

// get does the Get of follow. It returns even if keep panics, but not if keep ends
// the goroutine. follow distinguishes the two by that. The result of recover does not
// suffice: it is nil for both, if GODEBUG has panicnil=1 and keep panics with nil.
//
//explore:skip recovers a panic
func (f *follower[T]) get(ctx context.Context, opts []GetOption[T]) {
	defer func() { f.panicked = recover() }()
	next, err := f.watcher.Get(ctx, opts...)
	switch {
	case err == nil:
		f.next, f.changed = next, true
	case ctx.Err() == nil:
		f.failed = err
	}
	f.returned = true
}
