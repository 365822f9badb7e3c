package remote

import (
	"context"
	"fmt"
	"strings"
)

// A Store keeps bytes under keys for many machines, numbers its changes, and
// lets callers follow them. [Value] and [Range] use a Store. Package remotetest
// checks an implementation. All methods may be called concurrently.
//
// Every write that changes something has a revision, and later writes have
// greater revisions. Revisions go back only by a reset: a store that is
// restored from a backup continues at an older revision.
type Store interface {
	// Follow calls apply with the full state of the keys in scope, and then
	// with every change. It returns when ctx ends, apply fails, or the store
	// refuses for good. It returns ctx's error, apply's error unwrapped, or the
	// reason of the refusal, and never nil.
	//
	// A temporary failure does not end Follow. Examples are a lost connection,
	// an election, a restart, and a missing permission, which an administrator
	// can grant again. Follow reports the failure (see [Batch]),
	// retries, and continues without a gap where it was. If that is not
	// possible, it continues with the full state.
	//
	// The first state contains every write that returned, or was delivered to
	// another Follow, before the call of Follow. Its revision is not less than
	// theirs, even if they wrote keys outside scope. The batches after it contain
	// every later write, with one exception: a write may be left out if a later
	// write to the same key is contained. No change is delivered twice. If only keys outside scope
	// change, a Batch without changes delivers the new revision, possibly with
	// a delay.
	//
	// apply is called by one goroutine at a time, and never after Follow has
	// returned. It does not block. It may keep everything that the Batch refers
	// to, so the Store must not modify it any more.
	//
	// Several Follows may run concurrently, even with the same scope. A Follow
	// that has returned leaves nothing behind.
	Follow(ctx context.Context, scope Scope, apply func(Batch) error) error

	// Put writes value under key if cond holds, and returns the revision of the
	// write. The store does not keep the slice.
	//
	// Put fails with an error that wraps one of the following:
	//
	//   - [ErrConflict], if cond does not hold.
	//   - [ErrKey], if the key is not valid.
	//   - [ErrBadValue], if the store rejects the value, for example because it
	//     is too large.
	//   - ctx's error, if ctx had ended before the request was sent.
	//   - [ErrRefused], if the store does not let this process write the key.
	//   - [ErrUnknownOutcome], if the write may have been done, or may still be
	//     done. It also wraps ctx's error if that is the reason.
	//
	// After any other error nothing was written. Put does not repeat a write
	// whose outcome is unknown.
	Put(ctx context.Context, key string, value []byte, cond Condition) (revision int64, err error)

	// Delete removes key if cond holds, and returns the revision of the
	// deletion. If the key is absent, it returns the present revision of the
	// store. Errors are as for Put.
	Delete(ctx context.Context, key string, cond Condition) (revision int64, err error)
}

// A Batch is what a [Store] passes to the apply function of Follow. There are
// three kinds:
//
//   - Broken is not nil: the connection is lost, or the store was silent for
//     too long. The state stays as it was. All other fields are ignored.
//     Batches with More that were not completed are void, and their changes are
//     sent again.
//   - More is true: the batch is a piece of a larger update. The update is
//     applied as one when a batch without More completes it. A store may start
//     with an empty piece to report that it is connected and catching up.
//   - Otherwise: this batch and the pieces before it contain all changes up to
//     Revision. A batch without changes reports that the connection is alive.
type Batch struct {
	// Revision is the revision of the store's state after this batch. It is not
	// less than the revision of any change in the batch. It goes back only in
	// the batch that completes a full state. It is ignored if More is true.
	Revision int64

	// Full marks the first batch of a full state. This batch, and the pieces
	// that follow if More is true, list every existing key. All other keys are
	// absent, without a deletion in Changes. A full state that is not complete
	// is void when another one begins.
	//
	// A full state may be older than the state before, or may have another
	// value at the same revision. This is a reset, and a reset is reported in
	// no other way. So compare its revisions by !=. Usually a full state is not
	// a reset: the store has discarded the changes since the connection was
	// lost.
	Full bool

	// More marks a batch that another batch completes. See above.
	More bool

	// CatchingUp marks a batch after which later changes may not arrive yet. For
	// example, the store has read a full state, but does not watch the changes
	// after it yet. The batch is applied as usual. [Status] reports [Connected]
	// after the next batch without CatchingUp, which the store must send as soon
	// as it can.
	CatchingUp bool

	// Broken is the reason for which the connection is lost. It wraps
	// [ErrRefused] if the store answers, but refuses.
	Broken error

	// Changes are ordered by revision. The changes of a full state may have any
	// order; each key occurs once, and none is Deleted.
	Changes []Change
}

// A Change is a new state of one key.
type Change struct {
	Key     string
	Value   []byte // nil if Deleted
	Deleted bool
	// Revision is the revision of the write or deletion. It grows with each
	// change of a key, except at a reset.
	Revision int64
}

// A Scope is the set of keys that are followed: one key, or all keys with a
// prefix. It may be copied, and compared by ==. The zero Scope contains every
// key.
type Scope struct {
	prefix string
	one    bool
}

// Prefix returns the Scope of all keys that begin with prefix. It contains the
// key that equals prefix. An empty prefix selects every key.
func Prefix(prefix string) Scope { return Scope{prefix: prefix} }

// Key returns the Scope of one key. A store needs access to no other key for
// it.
func Key(key string) Scope { return Scope{prefix: key, one: true} }

// One returns the key and true if s is the Scope of one key. Otherwise it
// returns false.
func (s Scope) One() (key string, ok bool) {
	if s.one {
		return s.prefix, true
	}
	return "", false
}

// Prefix returns the prefix of all keys in the scope. For one key it is the
// key.
func (s Scope) Prefix() string { return s.prefix }

// Contains reports whether key is in the scope.
func (s Scope) Contains(key string) bool {
	return key == s.prefix || !s.one && strings.HasPrefix(key, s.prefix)
}

// Check returns nil if a follower of s may write key. Otherwise it returns an
// error that wraps [ErrKey]: the key is empty, or outside s.
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

// CheckKey returns nil if key is valid, and otherwise an error that wraps
// [ErrKey]. A key is valid if it is not empty. A [Store] calls CheckKey before
// it writes.
func CheckKey(key string) error {
	if key == "" {
		return fmt.Errorf("%w: it is empty", ErrKey)
	}
	return nil
}

// A Condition decides whether a write is done. The zero Condition always holds.
type Condition struct {
	at       int64
	revision bool
}

// At returns the [Condition] that the last write of the key was at revision.
// With revision 0 it is the Condition that the key is absent.
func At(revision int64) Condition { return Condition{at: revision, revision: true} }

// Revision returns the revision that the key must have, and true. Revision 0
// means that the key must be absent. If c always holds, Revision returns false.
func (c Condition) Revision() (revision int64, ok bool) { return c.at, c.revision }

// Holds reports whether c holds for a key whose last write was at revision. Use
// revision 0 for an absent key.
func (c Condition) Holds(revision int64) bool { return !c.revision || c.at == revision }
