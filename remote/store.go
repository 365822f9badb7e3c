package remote

import (
	"context"
	"fmt"
	"strings"
)

// A Store keeps bytes under keys for many machines, counts its changes and lets them be
// followed. [Value] and [Range] are built on it; package remotetest checks an implementation.
// All methods may be called concurrently.
//
// A store has revisions: every write that changes something has one, later writes have
// greater ones. A store that was restored from a backup begins again at an older revision;
// that is a reset, and the only way in which revisions go back.
type Store interface {
	// Follow calls apply with the present state of the keys in scope and then with every
	// change, until ctx ends, apply fails or the store refuses for good, and returns why:
	// ctx's error, apply's error as it is, or the reason of the refusal. It never returns
	// nil. What may pass, a lost connection, an election, a restart, does not end it: it
	// reports that (see [Batch]), tries again, and goes on where it was, without a gap, or,
	// where it cannot, with the whole state.
	//
	// The first state is not older than Follow's call: it has every write that returned
	// before. What follows has every write, except that of several to one key all but
	// the last may be left out. Nothing is given twice. Where only keys out of scope change,
	// a Batch without changes tells the new revision, be it some time later.
	//
	// apply is called by one goroutine at a time, never after Follow has returned, and does
	// not block. It may keep all that the Batch refers to: nobody may modify that any more.
	// Several Follows may run at once, of one scope too. None leaves anything behind.
	Follow(ctx context.Context, scope Scope, apply func(Batch) error) error

	// Put writes value under key if cond holds, and returns the revision of that write. The
	// store does not keep the slice.
	//
	// It fails with an error for which errors.Is finds [ErrConflict] if cond does not hold,
	// [ErrKey] if there can be no such key, [ErrBadValue] if the store does not take such a value (it is too
	// large), ctx's error if that had ended before anything was sent, and [ErrUnknownOutcome] if the write may or may not
	// have been done, or may yet be; with that also ctx's error, if that is why. After any
	// other error nothing was written. It does not repeat a write whose outcome is unknown.
	Put(ctx context.Context, key string, value []byte, cond Condition) (revision int64, err error)

	// Delete removes key if cond holds, and returns the revision of that, or, if
	// there was nothing to remove, the store's present revision. Errors are as for Put.
	Delete(ctx context.Context, key string, cond Condition) (revision int64, err error)
}

// A Batch is what a [Store] says to who follows it. It is one of three:
//
//   - Broken is not nil: the connection is lost, or nothing was heard for too long. The
//     state is what it was, and getting old. Nothing else in the Batch counts, and batches
//     with More that were not concluded are void: their changes come again, from the start.
//   - More is true: a piece of something larger. Nothing is applied before a batch
//     without More has concluded it; then all pieces are, as one. A store may begin with an
//     empty piece to say that the connection is there and that it is catching up.
//   - Neither: the changes, and those of the pieces before, are all that happened up to
//     Revision. There may be none: then the connection is there, and there is nothing new.
type Batch struct {
	// Revision is the store's when the state was what this batch makes it. It is not less
	// than that of any change in it, and does not go back but in the conclusion of a whole
	// state. In a Batch with More it does not count.
	Revision int64

	// Full says that here a whole state begins: this batch, and the pieces that follow if
	// More is true, have every key that there is. Forget the others: they are gone, and no
	// deletion tells. Of a state in several pieces only the first is Full. A state that has
	// begun without being concluded is void when another begins.
	//
	// A whole state may be older than what was followed before, or have another value under
	// the same revision: that is a reset, and no reset comes otherwise. Compare
	// revisions by != then. Most often it is no reset: the store has just not kept the
	// changes since the connection was lost.
	Full bool

	// More says that this is not all: see above.
	More bool

	// Broken is why the connection is lost.
	Broken error

	// Changes are in the order of their revisions; those of a whole state in any
	// order, each key once, none Deleted.
	Changes []Change
}

// A Change is a new state of one key.
type Change struct {
	Key     string
	Value   []byte // nil if Deleted
	Deleted bool
	// Revision is that of the write or deletion. For one key it grows from a change to the
	// next, but for resets.
	Revision int64
}

// A Scope is the keys that are followed: those that begin with a prefix, or one.
// It may be copied, and compared by ==. The zero Scope is every key.
type Scope struct {
	prefix string
	one    bool
}

// Prefix is the Scope of all keys that begin with prefix, prefix itself among them. With an
// empty prefix that is every key.
func Prefix(prefix string) Scope { return Scope{prefix: prefix} }

// Key is the Scope of one key. A store needs no access to any other for it.
func Key(key string) Scope { return Scope{prefix: key, one: true} }

// One returns the key and true if the scope is one key.
func (s Scope) One() (key string, ok bool) {
	if s.one {
		return s.prefix, true
	}
	return "", false
}

// Prefix returns what all keys in the scope begin with.
func (s Scope) Prefix() string { return s.prefix }

// Contains reports whether key is in the scope.
func (s Scope) Contains(key string) bool {
	return key == s.prefix || !s.one && strings.HasPrefix(key, s.prefix)
}

// Check returns nil if key may be written by who follows the scope, and else an error
// that wraps [ErrKey]: the key is empty, or outside.
func (s Scope) Check(key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if !s.Contains(key) {
		return fmt.Errorf("%w: %q is outside %v", ErrKey, key, s)
	}
	return nil
}

// String returns the key or prefix, quoted.
func (s Scope) String() string {
	if s.one {
		return fmt.Sprintf("key %q", s.prefix)
	}
	return fmt.Sprintf("prefix %q", s.prefix)
}

// CheckKey returns nil if key can be one, and else an error that wraps [ErrKey].
// A [Store] calls it before it writes.
func CheckKey(key string) error {
	if key == "" {
		return fmt.Errorf("%w: it is empty", ErrKey)
	}
	return nil
}

// A Condition says when a write is done. The zero Condition is always.
type Condition struct {
	at       int64
	revision bool
}

// At is the [Condition] that the key was last written at revision, or,
// if that is 0, that there is no such key.
func At(revision int64) Condition { return Condition{at: revision, revision: true} }

// Revision returns the revision that the key must have, 0 for absent, and true; or
// false if the condition is always.
func (c Condition) Revision() (revision int64, ok bool) { return c.at, c.revision }

// Holds reports whether c lets a key be written whose last write was at revision, or that
// is absent, with revision 0.
func (c Condition) Holds(revision int64) bool { return !c.revision || c.at == revision }
