// Package testkit has what the tests of several packages need.
package testkit

import (
	"bytes"
	"context"
	"regexp"
	"runtime"
)

// Closed is a channel that is closed.
var Closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// IsClosed reports whether c is closed; nothing is ever sent to it.
func IsClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Goroutines returns how many goroutines there are in the synctest bubble of its caller. Other than
// runtime.NumGoroutine it does not count those of an earlier test that are about to end.
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

// Foreign is a context of a type that package context does not know: it hides what it
// embeds. To be told of its end costs package context a goroutine.
type Foreign struct{ context.Context }

// Value hides the type inside, for which package context asks by it.
func (Foreign) Value(any) any { return nil }

// Aloof is a context that panics when it is to take a registration, as a Waiter asks of a context that it
// meets a second time in a row.
type Aloof struct{ Foreign }

// AfterFunc panics.
func (Aloof) AfterFunc(func()) func() bool { panic("aloof") }

// Explosive is a context that panics when its Done or its Err is called for a certain time:
// the first for 1, and so on, and never for 0.
type Explosive struct {
	Foreign
	AtDone, AtErr int
}

// Done panics or is that of the context inside.
func (e *Explosive) Done() <-chan struct{} {
	countdown(&e.AtDone)
	return e.Foreign.Done()
}

// Err panics or is that of the context inside.
func (e *Explosive) Err() error {
	countdown(&e.AtErr)
	return e.Foreign.Err()
}

func countdown(n *int) {
	if *n--; *n == 0 {
		panic("explosive")
	}
}
