// Package atomic has the types of go.uber.org/atomic. Each operation is a step
// of package sched. If the explored code uses a type or method that is missing
// here, it does not compile: add the type or method.
package atomic

import (
	"unsafe"

	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// A Pointer is an atomic *T.
type Pointer[T any] struct {
	cell[*T]
}

// An UnsafePointer is an atomic unsafe.Pointer.
type UnsafePointer struct {
	cell[unsafe.Pointer]
}

// A Bool is an atomic bool.
type Bool struct {
	cell[bool]
}

// A Uint32 is an atomic uint32.
type Uint32 struct {
	number[uint32]
}

// A Uint64 is an atomic uint64.
type Uint64 struct {
	number[uint64]
}

// An Int32 is an atomic int32.
type Int32 struct {
	number[int32]
}

// An Int64 is an atomic int64.
type Int64 struct {
	number[int64]
}

type cell[V comparable] struct {
	val V
	o   sched.Object
}

// Load is a step that reads.
func (c *cell[V]) Load() V {
	sched.Step("Load")
	c.o.Read()
	return c.val
}

// Store is a step that writes.
func (c *cell[V]) Store(val V) {
	sched.Step("Store")
	c.val = val
	c.o.Write()
}

// Swap is a step that writes.
func (c *cell[V]) Swap(val V) V {
	sched.Step("Swap")
	old := c.val
	c.val = val
	c.o.Write()
	return old
}

// CompareAndSwap is a step that writes if it succeeds. Otherwise it reads.
func (c *cell[V]) CompareAndSwap(old, val V) bool {
	sched.Step("CompareAndSwap")
	if c.val != old {
		c.o.Read()
		sched.StepResult(false)
		return false
	}
	c.val = val
	c.o.Write()
	sched.StepResult(true)
	return true
}

type number[N int32 | int64 | uint32 | uint64] struct {
	cell[N]
}

// Add is a step that writes.
func (n *number[N]) Add(delta N) N {
	sched.Step("Add")
	n.val += delta
	n.o.Write()
	return n.val
}

// Inc adds one.
func (n *number[N]) Inc() N { return n.Add(1) }

// Dec subtracts one.
func (n *number[N]) Dec() N { return n.Add(^N(0)) }

// Sub subtracts.
func (n *number[N]) Sub(delta N) N { return n.Add(-delta) }
