package eventtest

import (
	"errors"

	"github.com/eventvalue/event"
)

// An Item is what the suite sets. It is a pointer's target, so that a test can see which
// one it gets back and when it is garbage, and large enough to be an object of its own.
type Item struct {
	// N tells Items apart. An implementation that copies what it is given must keep it.
	N int

	_ [56]byte
}

// number is N, or that of no Item that is ever set.
func (i *Item) number() int {
	if i == nil {
		return -1
	}
	return i.N
}

// A Subject is what is tested: a fresh value without data, as functions, so that it can also
// consist of several parts, as a view and its source do.
//
// Besides Items, nil is set. Everything must be usable from any goroutine.
type Subject struct {
	// Set sets the value. It is required.
	Set func(*Item)
	// Watch returns a new watcher of the value. It is required.
	Watch func() event.Watcher[*Item]

	// Load returns the newest value. It may be nil.
	Load func() (*Item, bool)
	// Update replaces the value by what f makes of it. It may be nil.
	Update func(f func(old *Item, ok bool) (*Item, bool)) (*Item, bool)
	// Close ends the value with a cause, which may be nil. It may be nil itself.
	Close func(cause error) error
}

// Of returns the Subject that v is. It offers what v has of Load, Update and CloseWithError,
// as [event.MemoryValue] has them. Of panics if v is nil.
func Of(v event.Value[*Item]) Subject {
	if v == nil {
		panic("eventtest: Of: nil value")
	}
	s := Subject{Set: v.Set, Watch: v.Watch}
	if l, ok := v.(interface{ Load() (*Item, bool) }); ok {
		s.Load = l.Load
	}
	if u, ok := v.(interface {
		Update(f func(old *Item, ok bool) (*Item, bool)) (*Item, bool)
	}); ok {
		s.Update = u.Update
	}
	if c, ok := v.(interface{ CloseWithError(cause error) error }); ok {
		s.Close = c.CloseWithError
	}
	return s
}

// A Capability is something that an implementation may be unable to promise.
type Capability string

const (
	// Bubble: it works in a testing/synctest bubble, being made of memory and timers only.
	Bubble Capability = "Bubble"
	// Immediate: what was set is what all find once Set has returned. Without it the suite
	// waits after each Set until that is so, in a bubble for an hour of its clock.
	Immediate Capability = "Immediate"
	// EqualValues: a Set of what is there already notifies, too (guarantee 6).
	EqualValues Capability = "EqualValues"
	// NonBlockingSet: Set waits for nobody (guarantee 8).
	NonBlockingSet Capability = "NonBlockingSet"
	// NoAllocation: a Get with something to return allocates nothing (guarantees 9 and 16).
	NoAllocation Capability = "NoAllocation"
	// NoGoroutine: a Get that waits holds no goroutine but its caller's (guarantee 10).
	NoGoroutine Capability = "NoGoroutine"
	// Collectable: old values and those of closed watchers are garbage (guarantee 11).
	Collectable Capability = "Collectable"
	// ConcurrentGets: of concurrent Gets on one watcher the later ones fail (guarantee 13).
	ConcurrentGets Capability = "ConcurrentGets"
	// Filters: Get heeds Filter (guarantee 14).
	Filters Capability = "Filters"
	// Backlog: Get heeds BacklogOnly (guarantee 15).
	Backlog Capability = "Backlog"
	// Changes: there is a Changed (guarantee 16).
	Changes Capability = "Changes"
	// PreciseChanges: what Changed returns is closed only where a Get would return something. A
	// view may be early, but not again before something has changed (guarantee 16).
	PreciseChanges Capability = "PreciseChanges"
	// ClosingWatchers: the Close of a watcher ends its Gets (guarantee 17).
	ClosingWatchers Capability = "ClosingWatchers"
)

var capabilities = []Capability{
	Bubble, Immediate, EqualValues, NonBlockingSet, NoAllocation, NoGoroutine, Collectable,
	ConcurrentGets, Filters, Backlog, Changes, PreciseChanges, ClosingWatchers,
}

// What is lacking if a function of the Subject is nil.
const (
	canLoad   Capability = "Subject.Load"
	canUpdate Capability = "Subject.Update"
	canClose  Capability = "Subject.Close"
)

// lacking returns the functions that s does without, and why it is no Subject at all.
func (s Subject) lacking() (lacks []Capability, err error) {
	if s.Set == nil || s.Watch == nil {
		return nil, errors.New("eventtest: a Subject without Set or Watch")
	}
	if s.Load == nil {
		lacks = append(lacks, canLoad)
	}
	if s.Update == nil {
		lacks = append(lacks, canUpdate)
	}
	if s.Close == nil {
		lacks = append(lacks, canClose)
	}
	return lacks, nil
}
