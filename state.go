package event

import (
	"unsafe"

	"go.uber.org/atomic"
)

// A watcherState is the state of a watcher in one word.
//
//	63                        2      1      0
//	┌─────────────────────────┬────────┬──────┐
//	│ version last seen       │ closed │ busy │
//	└─────────────────────────┴────────┴──────┘
//
// A Get with something to return moves the state from one idle state to the next
// by one compare-and-swap. Any other Get first makes the state busy. Only that Get
// ends it, by one compare-and-swap to the idle state with the version that it
// reached; the swap fails if Close came first. Close sets the closed bit for good.
// The other bits have no meaning after that.
//
//	Get: the version
//	  ┌────┐
//	  ▼    │     Get begins
//	┌──────┴─┐ ───────────────▶ ┌────────┐
//	│  idle  │                  │  busy  │
//	└────────┘ ◀─────────────── └────────┘
//	     │       Get ends          │
//	     └────────┐       ┌────────┘
//	        Close ▼       ▼ Close
//	             ┌──────────┐
//	             │  closed  │
//	             └──────────┘
//
// A watcherState must be the first field of its object: on 32-bit machines a
// uint64 is sure to be aligned for atomic access only there. It is a type of its
// own, and not generic, because the compiler does not inline the methods of
// atomic.Uint64 in generic code that another package instantiates.
type watcherState struct{ bits atomic.Uint64 }

const (
	busy         = 1 << 0
	closed       = 1 << 1
	versionShift = 2
)

func (s *watcherState) load() uint64 { return s.bits.Load() }

// cas replaces old by next. It reports false if the state is not old.
func (s *watcherState) cas(old, next uint64) bool { return s.bits.CompareAndSwap(old, next) }

// An atomicPtr is an atomic *E.
//
// In generic code a method of atomic.Pointer looks up what it is instantiated
// with, although it is inlined. atomicPtr has no generic type inside and avoids
// that. The figures are in docs/internals/decisions.md.
type atomicPtr[E any] struct{ bits atomic.UnsafePointer }

func (p *atomicPtr[E]) Load() *E   { return (*E)(p.bits.Load()) }
func (p *atomicPtr[E]) Store(e *E) { p.bits.Store(unsafe.Pointer(e)) }

func (p *atomicPtr[E]) CompareAndSwap(old, next *E) bool {
	return p.bits.CompareAndSwap(unsafe.Pointer(old), unsafe.Pointer(next))
}
