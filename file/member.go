package file

import (
	"sync"

	"go.uber.org/atomic"
)

// A member is one Serve of a value, as the hub sees it.
type member struct {
	// changed has an element if something has happened since it was received from.
	changed chan struct{}

	// events is the number of events that have concerned the member. The hub adds to it.
	events atomic.Uint64

	// silent reports that the file has changed without an event. Only a sweep sets it;
	// it stays. The Serve reads it.
	silent atomic.Bool

	watches map[*watch]struct{} // guarded by hub.changing
	left    bool                // Serve has returned; guarded by hub.changing
	keys    []string            // guarded by hub.mu

	mu   sync.Mutex
	same func() bool // whether all is as it was read last, or nil while it is read

	// A sweep has found a change when there had been this number of events. Only
	// sweeps use the two, one after the other.
	suspect bool
	at      uint64
}

func newMember() *member { return &member{changed: make(chan struct{}, 1)} }

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

// setSame sets how check finds a change.
func (m *member) setSame(same func() bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.same = same
}

// check is called by each sweep. It wakes m if the file has changed. If there has been no
// event for that until the next sweep, m is silent.
func (m *member) check() {
	events := m.events.Load()
	if m.suspect && m.at == events && !m.silent.Swap(true) {
		m.wake()
	}
	m.mu.Lock()
	same := m.same
	m.mu.Unlock()
	m.suspect, m.at = same != nil && !same(), events
	if m.suspect {
		m.wake()
	}
}
