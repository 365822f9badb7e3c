package sched

// maxStates is the number of states that are remembered. If there are more,
// some states are searched again, which is slower but still sound.
const maxStates = 150e6

// states is a set of states, each with the number of preemptions that were
// left.
type states struct {
	// table is a hash table with open addressing. An entry has 60 bits of the
	// state, and 4 bits for the number of preemptions plus one. 0 means that
	// the slot is free.
	table []uint64
	n     int
}

// enter adds the state with the number of preemptions that are left. It reports
// false if the state was entered before with at least as many left.
func (m *states) enter(state, budget uint64) bool {
	if 3*m.n >= 2*len(m.table) && m.n < maxStates {
		m.grow()
	}
	slot := m.find(state)
	if *slot == 0 {
		if m.n < maxStates {
			m.n++
			*slot = state&^15 | (budget + 1)
		}
		return true
	}
	if *slot&15 >= budget+1 {
		return false
	}
	*slot = state&^15 | (budget + 1)
	return true
}

// find returns the slot of the state, or a free slot for it.
func (m *states) find(state uint64) *uint64 {
	mask := uint64(len(m.table) - 1)
	for i := state >> 4 & mask; ; i = (i + 1) & mask {
		if e := m.table[i]; e == 0 || e&^15 == state&^15 {
			return &m.table[i]
		}
	}
}

func (m *states) grow() {
	old := m.table
	m.table = make([]uint64, max(1<<10, 2*len(old)))
	for _, e := range old {
		if e != 0 {
			*m.find(e) = e
		}
	}
}
