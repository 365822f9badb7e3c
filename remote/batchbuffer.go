package remote

import (
	"cmp"
	"errors"
	"slices"
)

// An update holds the merged content of one or more batches. A session applies
// it in one step.
type update struct {
	revision int64
	full     bool
	changes  []Change // one change per key, by ascending revision
	// prevRevision is the revision of the state before the update.
	prevRevision int64
}

// revealsReset reports whether c shows that the store was reset. The caller has
// checked that c differs from the state before.
//
// The state before is complete up to prevRevision, so only a reset produces
// another write at such a revision. A deletion reveals nothing: one that a full
// state implies has no revision.
func (u *update) revealsReset(c Change) bool { return !c.Deleted && c.Revision <= u.prevRevision }

// dropApplied removes the changes that the state before the update contains,
// in case the store sends a change twice.
//
// It compares with the revision of the state, not with the revisions of
// single keys. A key may have been deleted at a greater revision before a reset
// than it is written at after the reset.
func (u *update) dropApplied() {
	u.changes = slices.DeleteFunc(u.changes, func(c Change) bool { return c.Revision <= u.prevRevision })
}

// A batchBuffer collects batches with More until a batch without More completes
// them. It holds one change per key, so its size does not grow with the number
// of changes. The zero batchBuffer is ready to use.
type batchBuffer struct {
	full    bool
	changes map[string]Change
}

// add merges b. A batch that begins a full state replaces what was collected.
func (bb *batchBuffer) add(b Batch) {
	if b.Full {
		*bb = batchBuffer{full: true}
	}
	if bb.changes == nil {
		bb.changes = make(map[string]Change, len(b.Changes))
	}
	for _, c := range b.Changes {
		bb.changes[c.Key] = c
	}
}

// flush adds b, returns the update, and empties the buffer.
func (bb *batchBuffer) flush(b Batch) update {
	bb.add(b)
	u := update{revision: b.Revision, full: bb.full, changes: make([]Change, 0, len(bb.changes))}
	for _, c := range bb.changes {
		u.changes = append(u.changes, c)
	}
	slices.SortFunc(u.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Key, b.Key))
	})
	*bb = batchBuffer{}
	return u
}

// discard empties the buffer.
func (bb *batchBuffer) discard() { *bb = batchBuffer{} }

var (
	errNoState   = errors.New("remote: the Store does not begin with a full state")
	errFollowNil = errors.New("remote: Store.Follow returned nil")
	errAnswered  = errors.New("remote: a full state has arrived")
)
