package remote

import (
	"errors"
	"fmt"
)

// ErrConflict is returned by a write whose condition did not hold: the key has been written
// since. Nothing was written. Read again, decide again, try again.
var ErrConflict = errors.New("remote: conflict: the key is not at that revision")

// ErrUnknownOutcome is returned by a write of which it is not known whether it was done, or
// will yet be: the connection was lost, or the context ended, between the request and the answer. Watch
// the key, or read it, to find out. Repeat it only if doing it twice does no harm; one under
// a condition can be repeated, and [ErrConflict] then may mean that the first was done.
var ErrUnknownOutcome = errors.New("remote: outcome of the write unknown")

// ErrBadValue is returned for a value that cannot be encoded, that the store does not take,
// because it is too large, or, by a Get, that cannot be decoded. See [BadValueError].
var ErrBadValue = errors.New("remote: bad value")

// ErrKey is returned by a write to a key that is empty, or not among those of the Range, or
// that the store does not take. Nothing was written.
var ErrKey = errors.New("remote: bad key")

// ErrReset is returned by Sync if the store went back to an older state while it
// waited: what it waited for may be undone. Find out what is there now.
//
// A reset shows in a whole state whose revision is less than the one known before, or in which a key is
// in another state than was known, by a write at a revision that is not greater. One that shows only in keys that have
// vanished, or been written since, under a greater revision cannot be told from a compaction of the
// store's history, and Sync does not return it.
var ErrReset = errors.New("remote: the store was reset to an older state")

// A BadValueError is what a Get returns for a value that cannot be decoded. errors.Is finds
// [ErrBadValue] and what the codec said in it. The Get has moved past the value and, in a [Range], past
// what its Filters rejected before: the next one goes on behind it.
//
// So event.All yields it and goes on, while a loop that returns on the first error ends by one bad
// value. Wait and RunWhile return it, and a run of Pipe too. A watcher of a Combine returns it
// once, and has the older value of that source until there is a newer.
type BadValueError struct {
	Key      string
	Revision int64
	Err      error // the codec's
}

func (e *BadValueError) Error() string {
	return fmt.Sprintf("%v: key %q at revision %d: %v", ErrBadValue, e.Key, e.Revision, e.Err)
}

// Unwrap returns [ErrBadValue] and the codec's error.
func (e *BadValueError) Unwrap() []error { return []error{ErrBadValue, e.Err} }

// Unknown returns an error in which errors.Is finds [ErrUnknownOutcome] and cause, for
// the use of a [Store].
func Unknown(cause error) error { return fmt.Errorf("%w: %w", ErrUnknownOutcome, cause) }
