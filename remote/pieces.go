package remote

import (
	"cmp"
	"errors"
	"slices"
)

// An update is what one or more batches say together.
type update struct {
	revision int64
	full     bool
	changes  []Change // each key once, by revision
	known    int64    // up to which revision all was known before
}

// undoes reports whether c, which says something new, shows that the store was reset: at a revision
// up to which all was known, nothing is new. What has vanished shows nothing, for no revision
// comes with it.
func (u *update) undoes(c Change) bool { return !c.Deleted && c.Revision <= u.known }

// pieces collects batches until one concludes them. They hold each key once, however many
// changes come.
type pieces struct {
	full    bool
	changes map[string]Change
}

func (p *pieces) add(b Batch) {
	if b.Full {
		*p = pieces{full: true}
	}
	if p.changes == nil {
		p.changes = make(map[string]Change, len(b.Changes))
	}
	for _, c := range b.Changes {
		p.changes[c.Key] = c
	}
}

// conclude returns what b and the pieces before it say, and is empty then.
func (p *pieces) conclude(b Batch) update {
	p.add(b)
	u := update{revision: b.Revision, full: p.full, changes: make([]Change, 0, len(p.changes))}
	for _, c := range p.changes {
		u.changes = append(u.changes, c)
	}
	slices.SortFunc(u.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Key, b.Key))
	})
	*p = pieces{}
	return u
}

// dropKnown leaves out what was known, should a store say it twice. The revisions of the
// keys themselves do not tell: one that was deleted before a reset was so at a greater revision
// than it is written at after it.
func (u *update) dropKnown() {
	u.changes = slices.DeleteFunc(u.changes, func(c Change) bool { return c.Revision <= u.known })
}

func (p *pieces) drop() { *p = pieces{} }

var (
	errNoState   = errors.New("remote: the Store does not begin with a whole state")
	errFollowNil = errors.New("remote: Store.Follow returned nil")
)
