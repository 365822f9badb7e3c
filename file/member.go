package file

import "go.uber.org/atomic"

// A member is one Serve of a value, as the hub sees it.
type member struct {
	source source

	// changed has an element if something has happened since it was received from.
	changed chan struct{}

	// events is the number of events that have concerned the member, for tests.
	events atomic.Uint64

	// stamp is the stamp of the last reading, which check compares. It is empty if check
	// need not find changes: before the first reading, and while the value polls. The
	// Serve sets it.
	stamp atomic.String

	checking atomic.Bool // a sweep is in check

	watches map[*watch]struct{} // guarded by hub.changing
	left    bool                // Serve has returned; guarded by hub.changing
	topics  []string            // guarded by hub.mu
}

func newMember(s source) *member { return &member{source: s, changed: make(chan struct{}, 1)} }

// notify reports an event.
func (m *member) notify() {
	m.events.Inc()
	m.wake()
}

func (m *member) wake() {
	select {
	case m.changed <- struct{}{}:
	default: // There is one to come, which is after this.
	}
}

// check is called by each sweep. It wakes m if the files are not as they were read last. It
// does nothing if the check of an earlier sweep has not returned.
func (m *member) check() {
	if !m.checking.CompareAndSwap(false, true) {
		return
	}
	defer m.checking.Store(false)
	if stamp := m.stamp.Load(); stamp != "" && m.source.look().stamp != stamp {
		m.wake()
	}
}
