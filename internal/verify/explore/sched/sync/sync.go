// Package sync has what the explored code uses of the standard library's sync, each operation
// of which is a step of package sched. What is missing here does not compile in the code
// that is explored: add it.
package sync

import "github.com/eventvalue/event/internal/verify/explore/sched"

// A Mutex is a sync.Mutex.
type Mutex struct {
	o      sched.Object
	locked bool
	locks  int // how often it has been locked
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

// TryLock looks, and locks in another step: it also fails if the mutex was locked and unlocked
// between the two, as that of the standard library may.
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
