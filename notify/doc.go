// Package notify is a one-shot broadcast that costs nothing until somebody
// waits: what is left of an Event Value when the value is taken away.
//
// Use a [Broadcast] where you would close a channel to tell many goroutines
// that something has happened, but would rather not make that channel each
// time, nor have the goroutine that closes it make every waiter runnable by
// itself. The zero Broadcast is ready, is one pointer large, and can be a field
// of whatever it announces the end of.
//
// Use a [Waiter] to wait for one Broadcast after another. It keeps what waiting
// needs: a wake-up channel and the registration with the context.
//
// # How it works
//
// A Broadcast is one atomic pointer. It is nil, or the top of a stack of places,
// each of which one waiter occupies for one wait, or it is sealed:
//
//	     push                 push
//	nil ───────▶ place ─────────────▶ place → place → …
//	 │             │                    │
//	 └─────────────┴───── Fire ─────────┴──────────────▶ sealed
//
// Fire exchanges the pointer for the seal, by which it gets, alone, everybody
// who has come so far; whoever comes later finds the seal. There is no instant
// at which a waiter could slip between the two.
//
// A place is parked until somebody claims it, by a compare-and-swap, which
// happens once; then it is of no further use. Only who claims it sends the
// wake-up:
//
//	parked ── Fire, walking the stack ──▶ claimed, and a wake-up is sent
//	   │ ──── the context's end ────────▶ claimed, and a wake-up is sent
//	   │ ──── Waiter.Close ─────────────▶ claimed, and a wake-up is sent
//	   └───── the waiter, giving up ────▶ claimed, nothing is sent
//
// A waiter that gives up cannot take its place off a lock-free stack. It leaves
// it there, claimed, and a later push sweeps the stack once such places may
// outnumber the others.
//
// # What blocks whom
//
// Fire is lock-free, wakes a small number of waiters itself and leaves the rest
// to one goroutine that it starts, so that its duration does not depend on how
// many there are. Waking is not lock-free: a goroutine that is preempted between
// claiming a waiter and sending its wake-up, or while it sweeps, delays those
// whom it was about to wake, and nobody else.
package notify
