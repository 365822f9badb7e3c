package event

import (
	"context"
	"reflect"
	"slices"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// A source is one of the values under a mergeWatcher, as one of its watchers follows
// it.
type source struct {
	reader sourceReader

	// signaler is what makes the source's changes known, or nil for an external
	// source: a Watcher of a type that this repository does not know.
	signaler capability.Signaler

	hook changeHook

	queued   bool  // the look in progress is to look at the source
	hasValue bool  // a value was taken
	end      error // the end of the source, if that ends the view

	// over reports that the source has ended: nothing more is taken from it. The Get
	// in progress stores it, Changed loads it.
	over atomic.Bool
}

// A sourceReader reads the values of a source.
type sourceReader interface {
	// take takes what is new, and reports whether something was. It does not wait.
	take(ctx context.Context) (fresh bool, err error)

	// clear drops the value that was taken last.
	clear()

	// watcher returns the source's watcher. Changed and Close are its methods.
	watcher() any
	Changed() <-chan struct{}
	Close() error
}

// A sourceValue is a watcher of a source and the place of the value that was taken
// from it last. The value is kept until there is a newer one, so that a Get that takes
// it and then fails loses nothing.
type sourceValue[T any] struct {
	Watcher[T]
	val  *T
	opts []GetOption[T] // BacklogOnly, shared by all sources of a watcher
}

func (s *sourceValue[T]) take(ctx context.Context) (fresh bool, err error) {
	val, err := s.Get(ctx, s.opts...)
	switch err {
	case nil:
		*s.val = val
		return true, nil
	case BacklogDone:
		return false, nil
	}
	return false, err
}

func (s *sourceValue[T]) watcher() any { return s.Watcher }

func (s *sourceValue[T]) clear() {
	var zero T
	*s.val = zero
}

// ready reports whether there is something to take.
func (s *source) ready() bool {
	if s.over.Load() {
		return false
	}
	if s.signaler != nil {
		return s.signaler.Ready()
	}
	select {
	case <-s.reader.Changed():
		return true
	default:
		return false
	}
}

// arm makes the source's next change mark its hook. If there is something to take
// already, it marks the hook at once. It does nothing for an external source. The hook
// has no relay.
func (s *source) arm() {
	if s.signaler != nil {
		s.hook.relay = s.signaler.Subscribe(&s.hook)
	}
}

// disarm undoes arm.
func (s *source) disarm() {
	if s.hook.relay != nil {
		s.hook.relay.Stop()
		s.hook.relay = nil
	}
}

// followExternal makes signal fire when an external source among sources has
// something to take. It starts goroutines that end when signal fires or stop is
// closed. It reports false, and starts none, if there is something to take now.
//
//explore:skip selects by reflection
func followExternal(sources []source, signal *park.Broadcast, stop <-chan struct{}) bool {
	ends := []reflect.SelectCase{receiveFrom(signal.Done()), receiveFrom(stop)}
	cases := slices.Clone(ends)
	var all [][]reflect.SelectCase
	for i := range sources {
		s := &sources[i]
		if s.signaler != nil || s.over.Load() {
			continue
		}
		c := s.reader.Changed()
		select {
		case <-c:
			return false
		default:
		}
		if len(cases) == maxSelect {
			all = append(all, cases)
			cases = slices.Clone(ends)
		}
		cases = append(cases, receiveFrom(c))
	}
	if len(cases) == len(ends) {
		return true // All external sources have ended.
	}
	for _, cases := range append(all, cases) {
		go func() {
			if chosen, _, _ := reflect.Select(cases); chosen >= len(ends) {
				signal.Fire()
			}
		}()
	}
	return true
}

// maxSelect is the number of cases of one goroutine's select. Package reflect panics
// beyond 65,536.
const maxSelect = 1 << 12

//explore:skip uses reflection
func receiveFrom(c <-chan struct{}) reflect.SelectCase {
	return reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)}
}
