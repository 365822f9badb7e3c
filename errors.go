package event

import (
	"errors"
	"strconv"
)

// BacklogDone is returned by a Get with [BacklogOnly] that could only wait for a value. It does not report a failure:
// the backlog has been read, and later values come by a Get without BacklogOnly. It is
// returned as it is, never wrapped: compare it by ==.
//
//lint:ignore ST1012 named like io.EOF, and like it no failure
var BacklogDone = errors.New("event: backlog done")

// ErrConcurrentGet is returned at once by a Get that finds another Get in progress on the
// same watcher. The other Get may belong to another goroutine, or its predicate may have
// called this one. The other Get is not disturbed. Two Gets that need not wait may overlap
// and both return, but never the same value. Give each goroutine a watcher of its own.
var ErrConcurrentGet = errors.New("event: concurrent Get on one watcher")

// ErrWatcherClosed is returned by Get once the watcher has been closed. Call Watch
// for a new one.
var ErrWatcherClosed = errors.New("event: watcher closed")

// ErrClosed is returned by Get once the value has been closed and the watcher has
// seen the final value, if there is one. No newer value will
// follow: stop watching.
//
// If the value was closed with a cause, the error is one in which [errors.Is] and
// [errors.As] find both ErrClosed and the cause. Otherwise it is ErrClosed itself:
// see [MemoryValue.CloseWithError].
var ErrClosed = errors.New("event: value closed")

// ErrChanged is the cause with which [RunWhile] cancels the context of a run that a
// run with a newer value replaces. [context.Cause] returns it, whereas ctx.Err()
// returns context.Canceled. The run must return, with any result: RunWhile drops the
// result and calls run again.
var ErrChanged = errors.New("event: value changed")

// closedError is ErrClosed with a cause. It is used by its address, so that it can be
// compared whatever the cause is.
type closedError struct{ cause error }

func (e *closedError) Error() string   { return ErrClosed.Error() + ": " + e.cause.Error() }
func (e *closedError) Unwrap() []error { return []error{ErrClosed, e.cause} }

// A SourceError is the end of a [Combine] or [CombineAll]: one of its sources has
// ended without a value, or with a cause. errors.Is and errors.As find [ErrClosed]
// and the cause in it.
type SourceError struct {
	// Index is the index of the source among the arguments, from 0 on.
	Index int
	// Err is the end of the source.
	Err error
}

// Error returns the text of Err, with the index.
func (e *SourceError) Error() string {
	return "event: source " + strconv.Itoa(e.Index) + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *SourceError) Unwrap() error { return e.Err }
