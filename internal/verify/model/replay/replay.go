// Package replay runs programs, which are bytes, against the library and its model at
// once, and compares the two after each step. The fuzz targets and the random tests are
// but sources of programs.
//
// A program is a sequence of steps of [StepSize] bytes: which operation, and three
// arguments of which each operation takes what it needs. All byte sequences are
// programs.
//
// A program runs in a bubble of testing/synctest, with every Get in a goroutine of
// its own: once the bubble is idle, a Get that has not returned waits, and must wait
// according to the model. For that to be certain, a step does nothing of which the
// contract leaves open how it ends.
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

// A step is one decoded step of a program.
type step struct{ op, a, b, c int }

// steps calls do for each step of the program until it fails, and says where.
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

// contexts are two contexts that end together: one for the real thing and one for the
// model, because what a predicate does to one side must not show on the other.
type contexts struct {
	real, model             context.Context
	cancelReal, cancelModel context.CancelFunc
}

// The kinds of contexts.
const (
	Cancellable = iota
	Endless     // Its Done channel is nil, and to cancel it does nothing.
	Timeout     // It ends when the clock of the bubble has advanced.
	Foreign     // Of a type that package context does not know.
	Child       // Of another context.
	contextKinds
)

// newContext returns a context; parent is for a Child.
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
			// Of what is in a foreign one: its end would reach the child later only.
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

// tick is how long a Timeout lasts, and by how much the clock advances.
const tick = time.Second

func (c *contexts) cancel() {
	c.cancelReal()
	c.cancelModel()
}

// advance lets a tick go by.
func advance() { <-time.After(tick) }

// A pair of channels, one from each side, that should close at the same time.
type channels struct{ real, model <-chan struct{} }

// check compares what the two channels are now.
func (c *channels) check() error {
	if got, want := testkit.IsClosed(c.real), testkit.IsClosed(c.model); got != want {
		return fmt.Errorf("a channel is closed: %v, model %v", got, want)
	}
	return nil
}

// replace makes c the channels that were handed out now. A channel must be handed out
// again as long as it is open.
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

// sameError reports whether err is what the model says. Only the error of a value that has
// ended with a cause may be made anew.
func sameError(err, model error) bool {
	if err == nil || model == nil || !errors.Is(model, errCause) {
		return err == model
	}
	return errors.Is(err, errCause) && errors.Is(err, event.ErrClosed)
}

// errCause is the cause of the values that end with one.
var errCause = errors.New("cause")
