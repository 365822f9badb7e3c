// Package sync has the part of the standard library's sync that the explored
// code uses. Each operation is a step of package sched. If the explored code
// uses a name that is missing here, it does not compile: add the name.
package sync

import "github.com/eventvalue/event/internal/verify/explore/sched"

// A Mutex is a sync.Mutex.
type Mutex struct {
	o      sched.Object
	locked bool
	locks  int // the number of times that it has been locked
}

// Lock waits until the mutex is free.
func (m *Mutex) Lock() {
	sched.Wait("Lock", func() bool { return !m.locked })
	m.lock()
}

func (m *Mutex) lock() {
	m.locked = true
	m.locks++
	m.o.Write()
}

// TryLock reads the state of the mutex in one step and locks it in a second
// step. It fails if the mutex was locked and unlocked between the two steps, as
// TryLock of the standard library may.
func (m *Mutex) TryLock() bool {
	sched.Step("TryLock looks")
	m.o.Read()
	if m.locked {
		return false
	}
	before := m.locks
	sched.Step("TryLock")
	if m.locks != before {
		m.o.Read()
		return false
	}
	m.lock()
	return true
}

// Unlock frees the mutex.
func (m *Mutex) Unlock() {
	sched.Step("Unlock")
	if !m.locked && sched.Running() {
		panic("sync: unlock of unlocked mutex")
	}
	m.locked = false
	m.o.Write()
}
