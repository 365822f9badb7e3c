package event

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"

	"github.com/eventvalue/event/internal/park"
)

// Wait waits until v has a value that pred accepts, and returns the newest such
// value. It returns at once if pred accepts the current value. Otherwise it returns
// ctx.Err() when ctx ends, as [Watcher].Get does, and [ErrClosed] with the cause when
// v ends. A state that is replaced before Wait looks at it is missed: wait for a state
// that lasts. Use Wait to wait for one state once, and a [Watcher] to follow a value.
//
// pred must satisfy what [Filter] requires of predicates. Wait panics if ctx, v or pred
// is nil.
//
// Cost: a watcher, and the cost of its Get.
func Wait[T any](ctx context.Context, v ValueWatch[T], pred func(T) bool) (T, error) {
	if ctx == nil {
		panic("event: Wait: nil context")
	}
	if isNil(v) {
		panic("event: Wait: nil value")
	}
	if pred == nil {
		panic("event: Wait: nil predicate")
	}
	w := v.Watch()
	defer w.Close()
	return w.Get(ctx, Filter(pred))
}

// All returns an iterator over the current value of v and newer values. As with a
// [Watcher], values that are replaced while the body of the loop runs are skipped.
//
// The iterator yields an error once, and then stops, when ctx or v ends, with
// [BacklogOnly] when the backlog ends, and if its watcher is closed by another caller.
// It also yields any other error of a Get, such as a [ValueWatch] from another module
// may return, and continues. If such a Get may fail again and again, leave the loop on
// errors that you do not expect.
//
// Handle the error in the body, usually by a return. The last pair always has an error
// and a zero value: the loop
//
//	for val := range event.All(ctx, v) // wrong
//
// compiles, and ends with a zero value, for instance an empty configuration at shutdown.
// A loop that needs no error uses [Values].
//
// Each iteration has a watcher of its own, which is closed when the loop is left in any
// way. The iterator may be used more than once, and concurrently. Predicates among opts
// run on the goroutine of the loop. All panics if ctx or v is nil.
func All[T any](ctx context.Context, v ValueWatch[T], opts ...GetOption[T]) iter.Seq2[T, error] {
	if ctx == nil {
		panic("event: All: nil context")
	}
	if isNil(v) {
		panic("event: All: nil value")
	}
	opts = slices.Clone(opts) // The caller may use the array again.
	return func(yield func(T, error) bool) {
		w := v.Watch()
		defer w.Close()
		for {
			val, err := w.Get(ctx, opts...)
			if !yield(val, err) || err != nil && endsWatching(ctx, err) {
				return
			}
		}
	}
}

// Values is [All] without the errors: the iterator yields values only, and stops where
// that of All stops. It skips the errors after which All continues, such as a bad value
// of a ValueWatch from another module. Use it where the end needs no other reaction than
// the statement after the loop. [context.Cause] of ctx, or [MemoryValue.Err], has the
// reason of the end.
//
// Values panics if ctx or v is nil.
func Values[T any](ctx context.Context, v ValueWatch[T], opts ...GetOption[T]) iter.Seq[T] {
	if ctx == nil {
		panic("event: Values: nil context")
	}
	if isNil(v) {
		panic("event: Values: nil value")
	}
	all := All(ctx, v, opts...)
	return func(yield func(T) bool) {
		all(func(val T, err error) bool { return err != nil || yield(val) })
	}
}

// endsWatching reports whether err is the last error of an iteration: every later Get
// under ctx would return it again, or it is BacklogDone. If ctx has ended, err may
// still be another error, and ctx.Err() is still to be yielded.
func endsWatching(ctx context.Context, err error) bool {
	if err == BacklogDone || errors.Is(err, ErrClosed) || errors.Is(err, ErrWatcherClosed) {
		return true
	}
	end := park.ContextErr(ctx)
	// Errors of types that == cannot compare are never errors.Is.
	return end != nil && (errors.Is(err, end) || reflect.DeepEqual(err, end))
}
