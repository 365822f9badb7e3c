package event

import (
	"unsafe"

	"go.uber.org/atomic"
)

// A word says where a watcher stands.
//
//	63                        2      1      0
//	┌─────────────────────────┬────────┬──────┐
//	│ version last returned   │ closed │ busy │
//	└─────────────────────────┴────────┴──────┘
//
// A Get with something to return moves it from one idle state to the next by one
// compare-and-swap. Any other Get makes it busy, which nobody but itself ends, and then moves it to
// idle and the version by one, which fails if Close came first. Close sets closed, for ever; what the
// other bits are from then on does not matter.
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
// It must be the first field of its object: on 32-bit machines only there is a uint64 sure
// to be aligned for atomic access. It is a type of its own, and not generic, because the
// compiler inlines the methods of atomic.Uint64 here, but not where generic code calls them
// that another package instantiates.
type word struct{ bits atomic.Uint64 }

const (
	busy         = 1 << 0
	closed       = 1 << 1
	versionShift = 2
)

func (w *word) load() uint64 { return w.bits.Load() }

// cas replaces old by next and reports whether it did: not if it had changed.
func (w *word) cas(old, next uint64) bool { return w.bits.CompareAndSwap(old, next) }

// A pointer is an atomic *E. It is faster in generic code than atomic.Pointer:
// the compiler inlines the methods of both, but a method of atomic.Pointer
// contains another generic type and looks up the type arguments of both. A
// pointer contains no generic type. The measurement is in docs/design.md.
type pointer[E any] struct{ bits atomic.UnsafePointer }

func (p *pointer[E]) Load() *E   { return (*E)(p.bits.Load()) }
func (p *pointer[E]) Store(e *E) { p.bits.Store(unsafe.Pointer(e)) }

func (p *pointer[E]) CompareAndSwap(old, next *E) bool {
	return p.bits.CompareAndSwap(unsafe.Pointer(old), unsafe.Pointer(next))
}
