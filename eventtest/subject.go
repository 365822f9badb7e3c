package eventtest

import (
	"errors"

	"github.com/eventvalue/event"
)

// An Item is the element type of the tested values. The suite sets pointers to
// Items, so that a test can identify an Item and see when it is garbage. An
// Item is large enough to be a separate object in memory.
type Item struct {
	// N identifies the Item. An implementation that copies Items must keep N.
	N int

	_ [56]byte
}

// number returns N. For nil it returns a number that no Item has.
func (i *Item) number() int {
	if i == nil {
		return -1
	}
	return i.N
}

// A Subject is a fresh value without data that is tested. It consists of
// functions, so that it can have several parts, such as a view and its source.
//
// The suite also sets nil. Any goroutine may call the functions, at any time.
type Subject struct {
	// Set sets the value. It is required.
	Set func(*Item)
	// Watch returns a new watcher of the value. It is required.
	Watch func() event.Watcher[*Item]

	// Load returns the newest value. It may be nil.
	Load func() (*Item, bool)
	// Update replaces the value by the result of f. It may be nil.
	Update func(f func(old *Item, ok bool) (*Item, bool)) (*Item, bool)
	// Close closes the value with a cause, which may be nil. The function Close
	// itself may be nil, too.
	Close func(cause error) error
}

// Of returns a Subject that consists of v. The Subject includes Load, Update
// and Close if v has the methods Load, Update and CloseWithError of
// [event.MemoryValue].
//
// Of panics if v is nil.
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
	// Bubble: the implementation works in a testing/synctest bubble. It uses
	// only memory and timers.
	Bubble Capability = "Bubble"
	// Immediate: a value is visible to all callers when its Set has returned.
	// Without Immediate, the suite waits after each Set until the value is
	// visible. In a bubble it waits for an hour of the bubble's clock.
	Immediate Capability = "Immediate"
	// EqualValues: a Set of a value that equals the last one notifies, too
	// (guarantee 6).
	EqualValues Capability = "EqualValues"
	// NonBlockingSet: Set never waits (guarantee 8).
	NonBlockingSet Capability = "NonBlockingSet"
	// NoAllocation: a Get that returns a value at once allocates nothing
	// (guarantees 9 and 16).
	NoAllocation Capability = "NoAllocation"
	// NoGoroutine: a Get that waits holds only the goroutine of its caller
	// (guarantee 10).
	NoGoroutine Capability = "NoGoroutine"
	// Collectable: old values and the values of closed watchers are garbage
	// (guarantee 11).
	Collectable Capability = "Collectable"
	// ConcurrentGets: a Get fails if another Get of its watcher is in progress
	// (guarantee 13).
	ConcurrentGets Capability = "ConcurrentGets"
	// Filters: Get supports Filter (guarantee 14).
	Filters Capability = "Filters"
	// Backlog: Get supports BacklogOnly (guarantee 15).
	Backlog Capability = "Backlog"
	// Changes: watchers support Changed (guarantee 16).
	Changes Capability = "Changes"
	// PreciseChanges: a channel of Changed is closed only if a Get would return
	// a value or an error. The channel of a view may be closed too early, but
	// not again before the next change (guarantee 16).
	PreciseChanges Capability = "PreciseChanges"
	// ClosingWatchers: Close of a watcher ends its Gets (guarantee 17).
	ClosingWatchers Capability = "ClosingWatchers"
)

var capabilities = []Capability{
	Bubble, Immediate, EqualValues, NonBlockingSet, NoAllocation, NoGoroutine, Collectable,
	ConcurrentGets, Filters, Backlog, Changes, PreciseChanges, ClosingWatchers,
}

// These capabilities are lacking if a function of the Subject is nil.
const (
	canLoad   Capability = "Subject.Load"
	canUpdate Capability = "Subject.Update"
	canClose  Capability = "Subject.Close"
)

// lacking returns the capabilities of the functions that are nil. It returns an
// error if a required function is nil.
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
