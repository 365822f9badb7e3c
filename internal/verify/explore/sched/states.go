package sched

// maxStates is how many states are remembered. With more, some are searched again: that costs time,
// not soundness.
const maxStates = 150e6

// states is a set of states with the number of preemptions that were left in them.
type states struct {
	// table is a hash table: 60 bits of the state and 4 of the number, plus one. 0 is no entry.
	table []uint64
	n     int
}

// enter adds the state, and reports false if it has been met with as many preemptions left or more.
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

// find returns the slot of the state, or a free one for it.
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
