// Package testkit has helpers that the tests of several packages share.
package testkit

import (
	"bytes"
	"context"
	"regexp"
	"runtime"
)

// Closed is a closed channel.
var Closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// IsClosed reports whether c is closed. Nothing may ever be sent to c.
func IsClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Goroutines returns the number of goroutines in the synctest bubble of its
// caller. Unlike runtime.NumGoroutine, it does not count goroutines of earlier
// tests that are about to end.
func Goroutines() int {
	dump := make([]byte, 1<<20)
	n := runtime.Stack(dump, true)
	if n == len(dump) {
		panic("testkit: Goroutines: too many")
	}
	bubble := inBubble.Find(dump[:n]) // The caller comes first.
	if bubble == nil {
		panic("testkit: Goroutines: not in a bubble")
	}
	return bytes.Count(dump[:n], bubble)
}

var inBubble = regexp.MustCompile(`synctest bubble \d+\]:`)

// Foreign is a context whose type package context does not recognize, because
// Foreign hides the context that it embeds.
//
// Cost: package context starts a goroutine to wait for the end of a Foreign.
type Foreign struct{ context.Context }

// Value returns nil. Package context calls Value to find the context inside,
// and does not find it.
func (Foreign) Value(any) any { return nil }

// Aloof is a context that panics when a function is registered with it. A
// Waiter registers when it waits under the same context twice in a row.
type Aloof struct{ Foreign }

// AfterFunc panics.
func (Aloof) AfterFunc(func()) func() bool { panic("aloof") }

// Explosive is a context that panics in a certain call of Done or Err: in the
// first call for 1, in the second for 2, and never for 0.
type Explosive struct {
	Foreign
	AtDone, AtErr int
}

// Done panics or calls Done of the context inside.
func (e *Explosive) Done() <-chan struct{} {
	countdown(&e.AtDone)
	return e.Foreign.Done()
}

// Err panics or calls Err of the context inside.
func (e *Explosive) Err() error {
	countdown(&e.AtErr)
	return e.Foreign.Err()
}

// countdown decrements n and panics when it reaches 0.
func countdown(n *int) {
	if *n--; *n == 0 {
		panic("explosive")
	}
}
