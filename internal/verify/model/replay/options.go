package replay

import (
	"context"
	"errors"
	"reflect"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// An Item is a value of the values under test. Items with the same Key are
// equal for predicates. The ID is unique.
type Item struct{ Key, ID int }

// value is the interface that the real value and its model share.
type value interface {
	event.Value[Item]
	Load() (Item, bool)
	Update(func(Item, bool) (Item, bool)) (Item, bool)
	CloseWithError(error) error
}

// A side holds the objects that a predicate of one side uses. The side is
// either real or model.
type side struct {
	v      value
	w      event.Watcher[Item]
	ctx    context.Context
	cancel context.CancelFunc
	trail  []any // The arguments of the predicates of one Get, and their findings.
}

// The filters of a Get.
const (
	Plain     = iota // No options.
	NoFilter         // A GetOption that does nothing.
	Even             // A Filter that accepts an even Key.
	Odd              // A Filter that accepts an odd Key.
	EvenSmall        // Two Filters: one accepts an even Key, one a Key below 128.
	Nothing          // A Filter that rejects all.
	Anything         // A Filter that accepts all.
	filterKinds
)

// The effects of the first call of a predicate. Sets and the effects after it
// also affect other watchers. They happen only in a Get with BacklogOnly,
// because a Get that waits does not run alone.
const (
	Asks     = iota // It does nothing else.
	Loads           // It calls Load.
	Gets            // It calls Get on the watcher of the Get.
	Takes           // It calls Changed on the watcher of the Get.
	Panics          // It panics.
	Leaves          // It closes the watcher.
	Sets            // It sets the value.
	Updates         // It updates the value.
	Cancels         // It ends the context of the Get.
	Ends            // It closes the value.
	Finishes        // It sets the value and closes it.
	effectKinds
)

// A spec specifies the options of a Get.
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
		filter(sp.withEffect(s, even))
	case Odd:
		filter(sp.withEffect(s, func(i Item) bool { return !even(i) }))
	case EvenSmall:
		filter(sp.withEffect(s, even))
		filter(func(i Item) bool { return i.Key < 128 })
	case Nothing:
		filter(sp.withEffect(s, func(Item) bool { return false }))
	case Anything:
		filter(sp.withEffect(s, func(Item) bool { return true }))
	}
	if sp.backlog {
		opts = append(opts, event.BacklogOnly[Item]())
	}
	return opts
}

// withEffect returns pred with the effect of sp. Each call is added to the
// trail of s.
func (sp spec) withEffect(s *side, pred func(Item) bool) func(Item) bool {
	return func(i Item) bool {
		first := len(s.trail) == 0
		s.trail = append(s.trail, i)
		if first {
			sp.do(s)
		}
		return pred(i)
	}
}

// do performs the effect.
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

// errPredicate is the value with which predicates and functions panic.
var errPredicate = errors.New("a function's panic")

// sameTrail reports whether the predicates of both sides have the same trail.
func sameTrail(a, b *side) bool {
	return len(a.trail) == len(b.trail) &&
		(len(a.trail) == 0 || reflect.DeepEqual(a.trail, b.trail))
}
