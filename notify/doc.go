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
// A place has a turn, one bit, that changes each time when it is taken off a stack while its waiter
// waits. It goes from one turn to the other and back, until it is claimed:
//
//	              Fire or a sweep, having taken it off:
//	                       a wake-up is sent
//	┌────────────┐ ─────────────────────────────────────▶ ┌────────────┐
//	│ one turn   │                                        │ the other  │
//	└────────────┘ ◀───────────────────────────────────── └────────────┘
//	      │                     likewise                        │
//	      └───────────────────┐          ┌──────────────────────┘
//	   a context's end, Close:▼          ▼ the waiter, giving up: nothing is sent
//	        a wake-up is sent ┌──────────┐
//	                          │ claimed  │
//	                          └──────────┘
//
// Each of these is one compare-and-swap, so that of those who would end a wait just one does, and
// who does, unless it is the waiter, sends the wake-up. The waiter remembers in which turn it began to
// wait. If that is over, its place has been taken off, and is used again for the next
// wait, for which nothing has to be stored in it.
//
// A waiter that gives up or is interrupted cannot take its place off a lock-free stack. It leaves
// it there, claimed, takes another, and sweeps the stack if there are 64 such places, and half
// as many as the last sweep has kept. A place may also be claimed between two waits. Then the waiter leaves it with its channel, in
// which the wake-up stays; or, if it has looked at it already, its wait ends as soon as it begins.
//
// # What blocks whom
//
// Fire is lock-free. It wakes a small number of waiters itself and leaves more than that
// to a goroutine that it starts (and as many Relays to another), so that its duration does not
// depend on how many there are. That goroutine starts chains, a few for each processor: who is woken in a chain
// wakes the next before its own wait returns. Waking is not lock-free: a goroutine that is preempted between
// ending a wait and sending its wake-up, before it has gone on with its chain, or while it sweeps, delays those
// whom it was about to wake: those after it in a row of eight, or, while it hands out rows, everybody whom no chain has
// taken yet.
//
// In a bubble of package testing/synctest, wait only for Broadcasts that nobody outside it waits for: one waiter may
// wake another, and package runtime ends the process if something in a bubble is woken from outside.
package notify
