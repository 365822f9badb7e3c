// Package replay runs programs on the library and on its model at the same
// time, and compares the two after each step. The fuzz targets and the random
// tests generate the programs.
//
// A program is a sequence of bytes. Each step has [StepSize] bytes: an
// operation and three arguments. An operation may ignore arguments. Every
// sequence of bytes is a program.
//
// A program runs in a bubble of testing/synctest. Every Get has its own
// goroutine. When the bubble is idle, each Get has either returned or waits,
// and must do the same in the model. Invariant: the contract determines the
// result of each step.
package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// StepSize is the number of bytes of a step.
const StepSize = 4

// A step is one step of a program, decoded.
type step struct{ op, a, b, c int }

// steps calls do for each step of the program until do fails. Its error names
// the step.
func steps(program []byte, names []string, do func(step) error) error {
	for n := 0; len(program) >= StepSize; n++ {
		s := step{int(program[0]) % len(names), int(program[1]), int(program[2]), int(program[3])}
		program = program[StepSize:]
		if err := do(s); err != nil {
			return fmt.Errorf("step %d, %s(%d, %d, %d): %w", n, names[s.op], s.a, s.b, s.c, err)
		}
	}
	return nil
}

// contexts are two contexts that end together, one for the real side and one
// for the model. A predicate of one side must not affect the other side.
type contexts struct {
	real, model             context.Context
	cancelReal, cancelModel context.CancelFunc
}

// The kinds of contexts.
const (
	Cancellable = iota
	Endless     // Its Done channel is nil, and its cancel does nothing.
	Timeout     // It ends when the clock of the bubble has advanced.
	Foreign     // Package context does not recognize its type.
	Child       // It is a child of another context.
	contextKinds
)

// newContext returns a pair of contexts. parent is the parent of a Child.
func newContext(kind int, parent *contexts) *contexts {
	one := func(parent context.Context) (context.Context, context.CancelFunc) {
		switch kind % contextKinds {
		case Endless:
			return context.Background(), func() {}
		case Timeout:
			return context.WithTimeout(context.Background(), tick)
		case Foreign:
			ctx, cancel := context.WithCancel(context.Background())
			return testkit.Foreign{Context: ctx}, cancel
		case Child:
			// The end of a foreign context would reach the child later, so the
			// parent is the context inside it.
			if f, ok := parent.(testkit.Foreign); ok {
				parent = f.Context
			}
			return context.WithCancel(parent)
		default:
			return context.WithCancel(context.Background())
		}
	}
	c := new(contexts)
	if parent == nil {
		parent = &contexts{real: context.Background(), model: context.Background()}
	}
	c.real, c.cancelReal = one(parent.real)
	c.model, c.cancelModel = one(parent.model)
	return c
}

// tick is the duration of a Timeout and of a step of the clock.
const tick = time.Second

func (c *contexts) cancel() {
	c.cancelReal()
	c.cancelModel()
}

// advance waits for one tick.
func advance() { <-time.After(tick) }

// channels are two channels, one from each side, that must close together.
type channels struct{ real, model <-chan struct{} }

// check returns an error if only one of the channels is closed.
func (c *channels) check() error {
	if got, want := testkit.IsClosed(c.real), testkit.IsClosed(c.model); got != want {
		return fmt.Errorf("a channel is closed: %v, model %v", got, want)
	}
	return nil
}

// replace replaces c by the channels that were returned now. As long as a
// channel is open, the same channel must be returned again.
func (c *channels) replace(real, model <-chan struct{}) error {
	last := *c
	*c = channels{real, model}
	if err := c.check(); err != nil {
		return err
	}
	if last.real != nil && !testkit.IsClosed(last.real) && !testkit.IsClosed(real) && last.real != real {
		return errors.New("another channel while the last is open")
	}
	return nil
}

// sameError reports whether err equals the error of the model. The error of a
// value that was closed with a cause may be another error that wraps the same
// cause.
func sameError(err, model error) bool {
	if err == nil || model == nil || !errors.Is(model, errCause) {
		return err == model
	}
	return errors.Is(err, errCause) && errors.Is(err, event.ErrClosed)
}

// errCause is the cause with which values are closed.
var errCause = errors.New("cause")
