package remote

import (
	"errors"
	"fmt"
)

// ErrConflict is returned by a write whose condition does not hold: the key was
// written in the meantime. Nothing was written. Read the key again before the
// next attempt.
var ErrConflict = errors.New("remote: conflict: the key is not at that revision")

// ErrUnknownOutcome is returned by a write that may have been done, or may
// still be done. The connection was lost, or the context ended, between the
// request and the answer.
//
// Read or watch the key to find out. Repeat the write only if doing it twice
// does no harm. A write with a condition can be repeated; [ErrConflict] may
// then mean that the first attempt was done.
var ErrUnknownOutcome = errors.New("remote: outcome of the write unknown")

// ErrBadValue is returned by a write if the value cannot be encoded, or is too
// large for the store. It is returned by a Get if the value cannot be decoded;
// see [BadValueError].
var ErrBadValue = errors.New("remote: bad value")

// ErrKey is returned by a write to a key that is empty, outside the Range, or
// not a valid key of the store. Nothing was written.
var ErrKey = errors.New("remote: bad key")

// ErrRevision is returned by Sync if the store does not have the revision. The
// revision is that of another store, or of a write that a reset has undone. Check
// where it comes from, and read the present state.
var ErrRevision = errors.New("remote: the store has no such revision")

// noRevision returns the error of a Sync with a revision that the store, which is
// at the revision newest, does not have.
func noRevision(revision, newest int64) error {
	return fmt.Errorf("%w: %d, and the store is at %d", ErrRevision, revision, newest)
}

// ErrReset is returned by Sync if a reset of the store was noticed while Sync
// waited, or after the write with that revision had returned. The write may be
// undone. Read the present state.
//
// A reset is noticed by a full state with a lower revision than the one before.
// It is also noticed by a full state with another write to a key, at a revision
// that the state before had passed. Sync does not report a reset that looks
// like a compaction of the store's history: its only traces are keys that have
// vanished, or were written again at greater revisions.
var ErrReset = errors.New("remote: the store was reset to an older state")

// ErrRefused is wrapped by the reason of [Refused]: the store answers, but does
// not let this process follow. A store ends a Value with it only if it is
// configured to. ErrRefused is also returned by a write that the store does not let
// this process do. Nothing was written. Ask the administrator of the store for the
// permission.
var ErrRefused = errors.New("remote: the store refuses")

// The reasons of [CatchingUp].
var (
	errNoAnswer  = errors.New("remote: the store has not answered yet")
	errArriving  = errors.New("remote: an update has not arrived completely yet")
	errUnwatched = errors.New("remote: the store does not deliver later changes yet")
)

// A BadValueError is returned by a Get for a value that cannot be decoded. It
// wraps [ErrBadValue] and the codec's error. The Get has passed the value. In a
// [Range] it has also passed all entries that Filters rejected before. The next
// Get continues after the value.
//
// Any process that may write to the store can write a value that does not decode,
// or on which the codec panics. So treat this error as a state of the key, and
// continue. event.All yields the error and continues, so a loop that returns on
// the first error ends at one bad value. Wait and RunWhile return it, and so does a run
// of Pipe. A watcher of a Combine returns it once. It then has the older value
// of that source until a newer one arrives.
type BadValueError struct {
	Key      string
	Revision int64
	Err      error  // the codec's error, or one that wraps the value of its panic
	Stack    []byte // the stack of the panic, or nil if Decode returned Err
}

func (e *BadValueError) Error() string {
	return fmt.Sprintf("%v: key %q at revision %d: %v", ErrBadValue, e.Key, e.Revision, e.Err)
}

// Unwrap returns [ErrBadValue] and the codec's error.
func (e *BadValueError) Unwrap() []error { return []error{ErrBadValue, e.Err} }

// Unknown returns an error that wraps [ErrUnknownOutcome] and cause. It is for
// implementations of [Store].
func Unknown(cause error) error { return fmt.Errorf("%w: %w", ErrUnknownOutcome, cause) }
