package event

import "go.uber.org/atomic"

// A word says where a watcher stands.
//
//	63                        2      1      0
//	┌─────────────────────────┬────────┬──────┐
//	│ version last returned   │ closed │ busy │
//	└─────────────────────────┴────────┴──────┘
//
// A Get with something to return moves it from one idle state to the next by one
// compare-and-swap. Any other Get makes it busy, which nobody but itself ends, and then
// stores the version and idle in one. Close sets closed, for ever; what the other bits are
// from then on does not matter.
//
//	Get: swap the version
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
// A word is the first field of the object that it is in: 64-bit atomics need to be aligned,
// which on 32-bit machines only the start of an object is. It is a type of its own, not
// generic, because the compiler inlines the atomic operations of another module into code
// that is generic only by way of such a one.
type word struct{ bits atomic.Uint64 }

const (
	busy   = 1 << 0
	closed = 1 << 1
	// versionShift also shifts out the final bit of a snapshot's version: closing a
	// value does not make its last version another.
	versionShift = 2
)

func (w *word) load() uint64 { return w.bits.Load() }

// swap replaces old by next and reports whether it did: not if it had changed.
func (w *word) swap(old, next uint64) bool { return w.bits.CompareAndSwap(old, next) }
