// Package notify is a one-shot broadcast that costs nothing until a goroutine
// waits for it. It is the waiting part of package event, without values.
//
// Use a [Broadcast] where you would close a channel to signal an event to many
// goroutines, but where making that channel each time, or making every waiter
// runnable in the goroutine that closes it, would cost too much. A Broadcast is one
// pointer large, and can be a field of the object whose end it signals.
//
// Use a [Waiter] to wait for one Broadcast after another. It keeps what a wait
// needs: a wake-up channel and the registration with the context.
//
// Use a [Relay] to make one Broadcast fire when another does, and so to wait for
// several of them together.
//
// In a bubble of package testing/synctest, wait only for Broadcasts that no
// goroutine outside of the bubble waits for: one waiter may wake another, and
// package runtime ends the process if a goroutine in a bubble is woken from
// outside.
//
// How it works is described in internal/park, which package event uses directly.
package notify
