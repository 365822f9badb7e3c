package eventtest_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
)

// A late value performs all operations in their order, but some time after the
// calls.
type late struct {
	event.MemoryValue[*item]

	mu  sync.Mutex
	ops []func()
}

func (l *late) later(op func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ops = append(l.ops, op)
	time.AfterFunc(time.Millisecond, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ops[0]()
		l.ops = slices.Delete(l.ops, 0, 1) // Which does not keep what was set.
	})
}

// subject leaves out Update, which could not be late.
func (l *late) subject() eventtest.Subject {
	return eventtest.Subject{
		Set:   func(x *item) { l.later(func() { l.Set(x) }) },
		Watch: l.Watch,
		Load:  l.Load,
		Close: func(cause error) error {
			l.later(func() { _ = l.CloseWithError(cause) })
			return nil
		},
	}
}

func newLate(testing.TB) eventtest.Subject { return new(late).subject() }

func TestLate(t *testing.T) { eventtest.Run(t, newLate, eventtest.Immediate) }

// TestRealTime runs the suite as for an implementation without Bubble.
func TestRealTime(t *testing.T) {
	if !*whole {
		t.Skip("takes long; run with -whole")
	}
	t.Run("Immediate", func(t *testing.T) {
		eventtest.Run(t, func(testing.TB) eventtest.Subject {
			return eventtest.Of(new(event.MemoryValue[*item]))
		}, eventtest.Bubble)
	})
	t.Run("Late", func(t *testing.T) {
		eventtest.Run(t, newLate, eventtest.Immediate, eventtest.Bubble)
	})
}

// TestBare is the suite for an implementation that promises the least.
func TestBare(t *testing.T) {
	eventtest.Run(t, func(testing.TB) eventtest.Subject {
		var v event.MemoryValue[*item]
		return eventtest.Subject{Set: v.Set, Watch: func() event.Watcher[*item] { return bare{v.Watch()} }}
	}, eventtest.Immediate, eventtest.EqualValues, eventtest.NonBlockingSet, eventtest.NoAllocation,
		eventtest.NoGoroutine, eventtest.Collectable, eventtest.ConcurrentGets, eventtest.Filters,
		eventtest.Backlog, eventtest.Changes, eventtest.ClosingWatchers)
}

// A bare watcher panics where it is used as it must not be if so much is
// lacking.
type bare struct{ event.Watcher[*item] }

func (b bare) Changed() <-chan struct{} { panic("Changed is lacking") }
