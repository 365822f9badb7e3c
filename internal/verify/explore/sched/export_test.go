package sched

// EnterAllStates calls f, during which searches do not remember states.
func EnterAllStates(f func()) {
	x.allStates = true
	f()
	x.allStates = false
}
