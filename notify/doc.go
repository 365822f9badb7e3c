// Package notify is a one-shot broadcast that costs nothing until somebody
// waits. It is the waiting part of package event, without values.
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
// A place goes round these states:
//
//	free ────── the waiter, before it pushes it ─────▶ parked
//	parked ──── Fire or a sweep, having taken it off ▶ free, and a wake-up is sent
//	parked ──── a context's end, Close ──────────────▶ claimed, and a wake-up is sent
//	parked ──── the waiter, giving up ───────────────▶ claimed, or free if it was not pushed
//	claimed ─── Fire, having taken it off ───────────▶ free, if the waiter has not looked yet
//	claimed ─── a sweep takes it off ────────────────▶ garbage
//
// Whoever but the waiter ends the state parked, by one compare-and-swap or exchange, sends the
// wake-up, and nobody else does. A place that its waiter finds free is used again.
//
// A waiter that gives up cannot take its place off a lock-free stack. It leaves
// it there, claimed, and sweeps the stack if such places outnumber the others.
//
// # What blocks whom
//
// Fire is lock-free. It wakes a small number of waiters itself and leaves more than that
// to one goroutine that it starts, so that its duration does not depend on how
// many there are. Waking is not lock-free: a goroutine that is preempted between
// claiming a waiter and sending its wake-up, or while it sweeps, delays those
// whom it was about to wake, and nobody else.
package notify
