package sched

// Forgetful calls f, during which searches do not remember states.
func Forgetful(f func()) {
	x.forgetful = true
	f()
	x.forgetful = false
}
