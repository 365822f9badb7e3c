package replay

import (
	"context"
	"errors"
	"reflect"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// An Item is what the values hold. Two Items may have the same Key and so be equal for a
// predicate, but no two the same ID: it shows whether a value is the very one.
type Item struct{ Key, ID int }

// value is what the real value and its model have in common.
type value interface {
	event.Value[Item]
	Load() (Item, bool)
	Update(func(Item, bool) (Item, bool)) (Item, bool)
	CloseWithError(error) error
}

// A side is what a predicate of one side, real or model, gets at.
type side struct {
	v      value
	w      event.Watcher[Item]
	ctx    context.Context
	cancel context.CancelFunc
	trail  []any // What the predicates of one Get were asked and found.
}

// The filters of a Get.
const (
	Plain     = iota // No options.
	NoFilter         // A GetOption that does nothing.
	Even             // A Filter that accepts an even Key.
	Odd              // A Filter that accepts an odd Key.
	EvenSmall        // Two Filters: that accept an even Key, and one below 128.
	Nothing          // A Filter that rejects all.
	Anything         // A Filter that accepts all.
	filterKinds
)

// What a predicate does when it is asked first. Those from Sets on also affect other
// watchers, and so are done in a Get with BacklogOnly only: a Get that waits does not
// run alone.
const (
	Asks     = iota // Nothing else.
	Loads           // It calls Load.
	Gets            // It calls Get on the watcher that asks.
	Takes           // It calls Changed on that watcher.
	Panics          // It panics.
	Leaves          // It closes the watcher.
	Sets            // It sets the value.
	Updates         // It updates the value.
	Cancels         // It ends the context of the Get.
	Ends            // It closes the value.
	Finishes        // It sets the value and closes it.
	effectKinds
)

// A spec says what a Get is asked for.
type spec struct {
	filter, effect int
	backlog        bool
	item           Item // For the effects that set.
}

// options returns the options for a Get on s.
func (sp spec) options(s *side) []event.GetOption[Item] {
	var opts []event.GetOption[Item]
	filter := func(pred func(Item) bool) { opts = append(opts, event.Filter(pred)) }
	even := func(i Item) bool { return i.Key%2 == 0 }
	switch sp.filter % filterKinds {
	case NoFilter:
		opts = append(opts, event.GetOption[Item]{})
	case Even:
		filter(sp.asked(s, even))
	case Odd:
		filter(sp.asked(s, func(i Item) bool { return !even(i) }))
	case EvenSmall:
		filter(sp.asked(s, even))
		filter(func(i Item) bool { return i.Key < 128 })
	case Nothing:
		filter(sp.asked(s, func(Item) bool { return false }))
	case Anything:
		filter(sp.asked(s, func(Item) bool { return true }))
	}
	if sp.backlog {
		opts = append(opts, event.BacklogOnly[Item]())
	}
	return opts
}

// asked is pred with the effect, and leaves its trail.
func (sp spec) asked(s *side, pred func(Item) bool) func(Item) bool {
	return func(i Item) bool {
		first := len(s.trail) == 0
		s.trail = append(s.trail, i)
		if first {
			sp.do(s)
		}
		return pred(i)
	}
}

// do has the effect.
func (sp spec) do(s *side) {
	effect := sp.effect % effectKinds
	if effect >= Sets && !sp.backlog {
		return
	}
	switch effect {
	case Loads:
		i, ok := s.v.Load()
		s.trail = append(s.trail, i, ok)
	case Gets:
		_, err := s.w.Get(context.Background())
		s.trail = append(s.trail, err)
	case Takes:
		s.trail = append(s.trail, testkit.IsClosed(s.w.Changed()))
	case Panics:
		panic(errPredicate)
	case Leaves:
		s.trail = append(s.trail, s.w.Close())
	case Sets:
		s.v.Set(sp.item)
	case Updates:
		i, ok := s.v.Update(func(Item, bool) (Item, bool) { return sp.item, true })
		s.trail = append(s.trail, i, ok)
	case Cancels:
		s.cancel()
	case Finishes:
		s.v.Set(sp.item)
		fallthrough
	case Ends:
		s.trail = append(s.trail, s.v.CloseWithError(errCause))
	}
}

// errPredicate is what predicates and functions panic with.
var errPredicate = errors.New("a function's panic")

// sameTrail reports whether the predicates of both sides went through the same.
func sameTrail(a, b *side) bool {
	return len(a.trail) == len(b.trail) &&
		(len(a.trail) == 0 || reflect.DeepEqual(a.trail, b.trail))
}
