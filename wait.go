package event

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"
)

// Wait waits until v has a value that pred accepts, and returns the newest such. It returns
// at once if the current value is one. Else it returns ctx.Err(), or [ErrClosed] with the cause
// when v ends. A state that is replaced before Wait gets to look is missed: wait for what lasts.
// Use it where one state is waited for once; use a [Watcher] to follow a value. It costs a
// watcher, and what waiting costs.
//
// What [Filter] says of predicates holds for pred. Wait panics if ctx, v or pred is nil.
func Wait[T any](ctx context.Context, v ValueWatch[T], pred func(T) bool) (T, error) {
	if ctx == nil {
		panic("event: Wait: nil context")
	}
	if v == nil {
		panic("event: Wait: nil value")
	}
	if pred == nil {
		panic("event: Wait: nil predicate")
	}
	w := v.Watch()
	defer w.Close()
	return w.Get(ctx, Filter(pred))
}

// All returns an iterator over the current value of v and the newer ones, conflated as by
// a [Watcher]: what is replaced while the loop's body runs is skipped.
//
// When ctx or v ends, or with [BacklogOnly] when the backlog is done, it yields that error
// once and stops, as it does should somebody close its watcher. An error that leaves the watcher usable, as a
// [ValueWatch] from elsewhere may have them, is yielded and the iteration goes on. Each
// iteration has a watcher of its own, closed when the loop is left, however it is; the iterator
// may be used more than once, also concurrently. Where Get may go on failing, leave the loop on
// errors that you do not know.
//
// Handle the error in the body, mostly by a return: a body that skips errors reaches what
// follows the loop when the iteration has ended.
//
// Predicates among opts run on the goroutine of the loop. All panics if ctx or v is nil.
func All[T any](ctx context.Context, v ValueWatch[T], opts ...GetOption[T]) iter.Seq2[T, error] {
	if ctx == nil {
		panic("event: All: nil context")
	}
	if v == nil {
		panic("event: All: nil value")
	}
	opts = slices.Clone(opts) // The caller may go on using the array.
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

// endsWatching reports whether every later Get under ctx would return err again, or, for
// BacklogDone, whether that was what the caller asked for. That ctx has ended is not enough:
// err may be another's, and ctx.Err() is still to be yielded.
func endsWatching(ctx context.Context, err error) bool {
	if err == BacklogDone || errors.Is(err, ErrClosed) || errors.Is(err, ErrWatcherClosed) {
		return true
	}
	end := ctx.Err()
	// Errors of types that == cannot compare are never errors.Is.
	return end != nil && (errors.Is(err, end) || reflect.DeepEqual(err, end))
}
