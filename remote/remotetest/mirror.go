package remotetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eventvalue/event/remote"
)

// A mirror is the state that batches make, and a judge of them: it knows what a Store may say.
type mirror struct {
	scope    remote.Scope
	state    map[string]remote.Change // nil until the first whole state; not modified
	revision int64
	first    map[string]remote.Change // the first state
	began    int64                    // its revision
	broken   error                    // why there is no connection now
	breaks   int                      // how often there was none
	fulls    int                      // whole states concluded
	changes  []remote.Change

	next    map[string]remote.Change // what pieces have made of state
	full    bool                     // these began a whole state
	highest int64                    // the greatest revision in them
	fresh   []remote.Change          // what they have brought
}

// apply does what b says, or returns what b must not say.
func (m *mirror) apply(b remote.Batch) error {
	if b.Broken != nil {
		if m.broken == nil {
			m.breaks++
		}
		m.broken = b.Broken
		m.next = nil
		return nil
	}
	m.broken = nil
	if b.Full || m.next == nil {
		m.begin(b.Full)
	}
	for _, c := range b.Changes {
		if err := m.add(c); err != nil {
			return err
		}
	}
	if b.More {
		return nil
	}
	return m.conclude(b.Revision)
}

func (m *mirror) begin(full bool) {
	m.full, m.highest, m.fresh = full, 0, nil
	m.next = make(map[string]remote.Change)
	if !full {
		maps.Copy(m.next, m.state)
	}
}

func (m *mirror) add(c remote.Change) error {
	_, there := m.next[c.Key]
	switch {
	case !m.scope.Contains(c.Key):
		return fmt.Errorf("key %q is not within %v", c.Key, m.scope)
	case m.full && c.Deleted:
		return fmt.Errorf("a whole state tells of a deletion, of %q", c.Key)
	case m.full && there:
		return fmt.Errorf("a whole state has %q twice", c.Key)
	case !m.full && c.Revision <= m.revision:
		return fmt.Errorf("%q at revision %d comes after what was revision %d", c.Key, c.Revision, m.revision)
	case !m.full && c.Revision < m.highest:
		return fmt.Errorf("%q at revision %d comes after a change of revision %d", c.Key, c.Revision, m.highest)
	case c.Deleted && c.Value != nil:
		return fmt.Errorf("a deletion of %q has a value", c.Key)
	}
	m.highest = max(m.highest, c.Revision)
	m.fresh = append(m.fresh, c)
	if c.Deleted {
		delete(m.next, c.Key)
	} else {
		m.next[c.Key] = c
	}
	return nil
}

func (m *mirror) conclude(revision int64) error {
	switch {
	case m.state == nil && !m.full:
		return fmt.Errorf("changes come before a whole state")
	case revision < m.highest:
		return fmt.Errorf("a batch at revision %d has a change of revision %d", revision, m.highest)
	case !m.full && revision < m.revision:
		return fmt.Errorf("revision %d comes after %d without a whole state", revision, m.revision)
	}
	if m.full {
		m.fulls++
	}
	if m.state == nil {
		m.first, m.began = m.next, revision
	}
	m.changes = append(m.changes, m.fresh...)
	m.state, m.revision, m.next = m.next, revision, nil
	return nil
}

// text writes state shortly, as in "a=1 b=2", without the prefix of all keys.
func text(prefix string, state map[string]remote.Change) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(state)) {
		words = append(words, strings.TrimPrefix(key, prefix)+"="+string(state[key].Value))
	}
	return strings.Join(words, " ")
}
