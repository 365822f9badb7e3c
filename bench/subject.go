package bench

import (
	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
)

// Subject returns a Subject of package eventtest for v.
func Subject(v Value[*eventtest.Item]) eventtest.Subject {
	s := eventtest.Subject{
		Set:   v.Set,
		Watch: func() event.Watcher[*eventtest.Item] { return subjectWatcher{v.Watch()} },
	}
	if l, ok := v.(Loader[*eventtest.Item]); ok {
		s.Load = l.Load
	}
	return s
}

// Lacks returns the capabilities that every Value of this package lacks,
// because the interface Value does not support them.
func Lacks() []eventtest.Capability {
	return []eventtest.Capability{
		eventtest.ConcurrentGets, eventtest.Filters, eventtest.Backlog, eventtest.Changes,
		eventtest.ClosingWatchers,
	}
}

type subjectWatcher struct{ Watcher[*eventtest.Item] }

func (subjectWatcher) Changed() <-chan struct{} { panic("bench: Changes are lacking") }
