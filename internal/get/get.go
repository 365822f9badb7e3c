// Package get is the part of Watcher.Get that all watchers of this repository
// share: the loop, and what it reads from the options.
package get

import (
	"context"

	"github.com/eventvalue/event/internal/park"
)

// An Option has the fields of event.GetOption, whose underlying type it is.
type Option[T any] struct {
	Predicate   func(T) bool
	BacklogOnly bool
}

// option is the constraint of types such as event.GetOption[T].
type option[T any] interface {
	~struct {
		Predicate   func(T) bool
		BacklogOnly bool
	}
}

// Accepts reports whether all predicates among opts accept val.
func Accepts[T any, O option[T]](opts []O, val T) bool {
	for i := range opts {
		if pred := Option[T](opts[i]).Predicate; pred != nil && !pred(val) {
			return false
		}
	}
	return true
}

// BacklogOnly reports whether the option BacklogOnly is among opts.
func BacklogOnly[T any, O option[T]](opts []O) bool {
	for i := range opts {
		if Option[T](opts[i]).BacklogOnly {
			return true
		}
	}
	return false
}

// A Source is a watcher during one of its Gets. At is the position of the Get:
// what it has looked at so far.
type Source[T, At any] interface {
	// Look looks for a value at or after at. It returns the value and true; or
	// false and the error with which the Get ends because nothing is left to look
	// at; or false and nil, if the Get has to wait. next is the position after the
	// look.
	Look(ctx context.Context, at At) (val T, next At, found bool, end error)

	// Abort returns the error that the Get must return even if there is a value:
	// that of an ended context or a closed watcher.
	Abort(ctx context.Context) error

	// Wait blocks until there may be something to look for after at, or until
	// Abort may return an error. It may return without a reason.
	Wait(ctx context.Context, at At)
}

// Next is the loop of a Get. It returns the first of the following that applies:
//
//  1. the error of Abort, and the position at, from which the Get began: the
//     watcher has not moved.
//  2. context.Canceled and the position at, if the Get has waited and ctx is half
//     ended: see [park.ContextErr].
//  3. the first value from at on that all predicates among opts accept, and the
//     position after it.
//  4. the end that Look returns, and the position that was reached.
//
// Look comes before Abort: a value that Next returns was set before ctx ended. Abort
// is repeated after the predicates, which may take long, or end ctx or close the
// watcher themselves. If a predicate panics, Next does not return, and the watcher
// has not moved.
func Next[T, At any, O option[T]](ctx context.Context, s Source[T, At], at At, opts []O) (val T, reached At, err error) {
	return next(ctx, s, at, opts, false)
}

// Resume is Next for a Get that has waited already.
func Resume[T, At any, O option[T]](ctx context.Context, s Source[T, At], at At, opts []O) (val T, reached At, err error) {
	return next(ctx, s, at, opts, true)
}

func next[T, At any, O option[T]](ctx context.Context, s Source[T, At], at At, opts []O, waited bool) (val T, reached At, err error) {
	var none T
	reached = at
	for {
		val, next, found, end := s.Look(ctx, reached)
		if err := s.Abort(ctx); err != nil {
			return none, at, err
		}
		reached = next
		if waited {
			if err := park.ContextErr(ctx); err != nil {
				return none, at, err
			}
		}
		switch {
		case found:
			if !Accepts(opts, val) {
				continue
			}
			if len(opts) > 0 {
				if err := s.Abort(ctx); err != nil {
					return none, at, err
				}
			}
			return val, reached, nil
		case end != nil:
			return none, reached, end
		}
		s.Wait(ctx, reached)
		waited = true
	}
}
