// Package model has an Event Value that is slow and obviously correct. It has
// one mutex and one counter of Sets.
//
// The random tests, the fuzz targets and the benchmarks compare the library
// with this model. A [Value] can be used like any [event.Value]. In addition,
// its watchers can report without waiting what a Get does: see [Watcher.Start].
package model

import (
	"fmt"
	"sync"

	"github.com/eventvalue/event"
)

// A Value is the model of an event.MemoryValue. The zero Value is ready. It
// must not be copied after first use.
type Value[T any] struct {
	mu      sync.Mutex
	version int           // The number of Sets; 0 means that there is no data.
	val     T             // The argument of the last Set.
	end     error         // The error of Gets after Close; nil if the value is open.
	changed chan struct{} // Closed by the next Set or Close; nil if not made yet.
}

var _ event.Value[int] = (*Value[int])(nil)

// Set makes val the newest value.
func (v *Value[T]) Set(val T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.set(val)
}

// set is Set for a caller that holds the mutex.
func (v *Value[T]) set(val T) {
	if v.end != nil {
		return
	}
	v.version++
	v.val = val
	v.wake()
}

// wake closes the channel that waiters have. The caller holds the mutex.
func (v *Value[T]) wake() {
	if v.changed != nil {
		close(v.changed)
		v.changed = nil
	}
}

// wait returns the channel that the next Set or Close closes. The caller holds
// the mutex.
func (v *Value[T]) wait() <-chan struct{} {
	if v.changed == nil {
		v.changed = make(chan struct{})
	}
	return v.changed
}

// Update replaces the value by the result of f, if f returns true.
func (v *Value[T]) Update(f func(old T, ok bool) (T, bool)) (T, bool) {
	for {
		v.mu.Lock()
		version, old, end := v.version, v.val, v.end
		v.mu.Unlock()
		if end != nil {
			return old, false
		}
		val, change := f(old, version > 0)
		if !change {
			return old, false
		}
		if v.setIf(version, val) {
			return val, true
		}
	}
}

// setIf sets val if the value is still at the given version, and reports
// whether it did.
func (v *Value[T]) setIf(version int, val T) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.version != version || v.end != nil {
		return false
	}
	v.set(val)
	return true
}

// Load returns the newest value, and whether there is one.
func (v *Value[T]) Load() (val T, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.val, v.version > 0
}

// Close is CloseWithError(nil).
func (v *Value[T]) Close() error { return v.CloseWithError(nil) }

// CloseWithError closes the value.
func (v *Value[T]) CloseWithError(cause error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.end != nil {
		return nil
	}
	v.end = event.ErrClosed
	if cause != nil {
		v.end = fmt.Errorf("%w: %w", event.ErrClosed, cause)
	}
	v.wake()
	return nil
}

// Watch returns a new watcher, which is a *[Watcher].
func (v *Value[T]) Watch() event.Watcher[T] {
	return &Watcher[T]{v: v, closed: make(chan struct{})}
}
