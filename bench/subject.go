package bench

import (
	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
)

// Subject makes a Value that can be given to package eventtest.
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

// Lacks is what a Value of this package has no means for, whatever it is made of.
func Lacks() []eventtest.Capability {
	return []eventtest.Capability{
		eventtest.ConcurrentGets, eventtest.Filters, eventtest.Backlog, eventtest.Changes,
		eventtest.ClosingWatchers,
	}
}

type subjectWatcher struct{ Watcher[*eventtest.Item] }

func (subjectWatcher) Changed() <-chan struct{} { panic("bench: Changes are lacking") }
