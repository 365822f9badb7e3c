package remotetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eventvalue/event/remote"
)

// A mirror applies batches to a state, and checks them against the contract of
// Store.
type mirror struct {
	scope         remote.Scope
	always        map[string]bool          // keys that always exist
	state         map[string]remote.Change // nil until the first full state; not modified
	revision      int64
	first         map[string]remote.Change // the first state
	firstRevision int64                    // its revision
	broken        error                    // the reason of the last batch, if it had one
	breaks        int                      // the number of lost connections
	fulls         int                      // the number of complete full states
	changes       []remote.Change

	pending        map[string]remote.Change // state with the pieces so far
	pendingFull    bool                     // the pieces are of a full state
	highest        int64                    // the greatest revision in the pieces
	pendingChanges []remote.Change          // the changes in the pieces
}

// apply applies b, or returns an error if b breaks the contract.
func (m *mirror) apply(b remote.Batch) error {
	if b.Broken != nil {
		if m.broken == nil {
			m.breaks++
		}
		m.broken = b.Broken
		m.pending = nil
		return nil
	}
	m.broken = nil
	if b.Full || m.pending == nil {
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
	return m.finish(b.Revision)
}

func (m *mirror) begin(full bool) {
	m.pendingFull, m.highest, m.pendingChanges = full, 0, nil
	m.pending = make(map[string]remote.Change)
	if !full {
		maps.Copy(m.pending, m.state)
	}
}

func (m *mirror) add(c remote.Change) error {
	_, present := m.pending[c.Key]
	switch {
	case !m.scope.Contains(c.Key):
		return fmt.Errorf("key %q is not within %v", c.Key, m.scope)
	case m.pendingFull && c.Deleted:
		return fmt.Errorf("a full state has a deletion, of %q", c.Key)
	case m.pendingFull && present:
		return fmt.Errorf("a full state has %q twice", c.Key)
	case !m.pendingFull && c.Revision <= m.revision:
		return fmt.Errorf("%q at revision %d comes after the state of revision %d", c.Key, c.Revision, m.revision)
	case !m.pendingFull && c.Revision < m.highest:
		return fmt.Errorf("%q at revision %d comes after a change of revision %d", c.Key, c.Revision, m.highest)
	case c.Deleted && c.Value != nil:
		return fmt.Errorf("a deletion of %q has a value", c.Key)
	case c.Deleted && m.always[c.Key]:
		return fmt.Errorf("a deletion of %q, which always exists", c.Key)
	}
	m.highest = max(m.highest, c.Revision)
	m.pendingChanges = append(m.pendingChanges, c)
	if c.Deleted {
		delete(m.pending, c.Key)
	} else {
		m.pending[c.Key] = c
	}
	return nil
}

func (m *mirror) finish(revision int64) error {
	switch {
	case m.state == nil && !m.pendingFull:
		return fmt.Errorf("changes come before a full state")
	case revision < m.highest:
		return fmt.Errorf("a batch at revision %d has a change of revision %d", revision, m.highest)
	case !m.pendingFull && revision < m.revision:
		return fmt.Errorf("revision %d comes after %d without a full state", revision, m.revision)
	}
	for key := range m.always {
		if _, present := m.pending[key]; !present {
			return fmt.Errorf("the state of revision %d lacks %q, which always exists", revision, key)
		}
	}
	if m.pendingFull {
		m.fulls++
	}
	if m.state == nil {
		m.first, m.firstRevision = m.pending, revision
	}
	m.changes = append(m.changes, m.pendingChanges...)
	m.state, m.revision, m.pending = m.pending, revision, nil
	return nil
}

// format formats state, as in "a=1 b=2", without the prefix of all keys.
func format(prefix string, state map[string]remote.Change) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(state)) {
		words = append(words, strings.TrimPrefix(key, prefix)+"="+string(state[key].Value))
	}
	return strings.Join(words, " ")
}
