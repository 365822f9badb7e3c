// Package park lets goroutines wait for a one-shot broadcast. Package event and
// package notify stand on it.
//
// A [Broadcast] fires once. A [Waiter] waits for one Broadcast after another. A
// [Relay] makes one Broadcast fire another. [Contexts] lets many Waiters share
// their registrations with contexts.
//
// # The stack of a Broadcast
//
// A Broadcast is one atomic pointer: nil, or the top of a stack of nodes (a
// Treiber stack), or the seal. A node belongs to one Waiter, and to one wait at a
// time, or carries only the shared state.
//
//	     push               push
//	nil ───────▶ node ─────────────▶ node → node → …
//	 │             │                   │
//	 └─────────────┴────── Fire ───────┴──────────────▶ sealed
//
// Fire exchanges the pointer for the seal. The exchange hands the whole stack to
// the caller of Fire, and a waiter that pushes later finds the seal. No waiter
// can push between the two.
//
// # The phases of a node
//
// A node has a phase, one bit. The bit flips when the node is popped while its
// waiter waits. A node alternates between the phases until it is retired:
//
//	             Fire or a sweep, after it popped the node;
//	                       sends a wake-up
//	┌────────────┐ ─────────────────────────────────────▶ ┌────────────┐
//	│  phase 0   │                                        │  phase 1   │
//	└────────────┘ ◀───────────────────────────────────── └────────────┘
//	      │                     the same                        │
//	      └──────────────────┐           ┌──────────────────────┘
//	  a context's end, Close;▼           ▼ the waiter gives up; sends nothing
//	        sends a wake-up ┌─────────────┐
//	                        │   retired   │
//	                        └─────────────┘
//
// Each transition is one compare-and-swap. Exactly one of the competitors ends a
// wait, and that one sends the wake-up, unless it is the waiter itself. A waiter
// remembers the phase in which its wait began. If the phase has changed, the
// node has been popped and can be used for the next wait as it is.
//
// A cancelled waiter cannot remove its node from a lock-free stack. It retires
// the node, leaves it there, and uses a new one. The waiter then sweeps the
// stack if enough nodes have been abandoned: see minSweep. A node that is
// retired between two waits keeps its channel, in which the wake-up stays. If the
// next wait has already begun to use that node, that wait ends at once.
//
// # What blocks what
//
// Fire is lock-free. It wakes up to [Inline] waiters itself. For more waiters or
// calls of Done, and for more than Inline Relays, it starts a goroutine, so that
// its duration does not depend on their number. That goroutine starts a few chains: each
// waiter that a chain wakes wakes its successor before its own wait returns.
//
// Waking is not lock-free. A goroutine that is preempted at one of these points
// delays the waiters that it would have woken:
//
//   - in Fire, after the seal: every waiter of the stack in its hands;
//   - between the end of a wait and its wake-up, or before it continues its
//     chain: the rest of one batch;
//   - while it hands out batches: every waiter that no chain has taken yet;
//   - while it sweeps: every waiter of the stack in its hands;
//   - at the end of a context: every registered waiter that it has not woken.
package park
