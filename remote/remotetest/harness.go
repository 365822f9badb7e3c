package remotetest

import (
	"time"

	"github.com/eventvalue/event/remote"
)

// A Harness is a Store under test, with functions that cause faults. The store
// must be empty under Prefix. The subtests that need a function that is nil are
// skipped, as is the one that needs ValueLimit. Each function returns when the fault has taken effect. Restart
// returns when the store can be reached again.
type Harness struct {
	// Store is the Store under test. It is required.
	Store remote.Store
	// Direct is the same store over a connection that Cut does not break. It is
	// required with Cut.
	Direct remote.Store
	// Prefix is the prefix of all keys that the suite uses.
	Prefix string

	// Cut breaks the connection of Store, so that nothing passes until Heal.
	Cut, Heal func()
	// Compact makes the store discard its history.
	Compact func()
	// Restart stops the store and starts it again with the same content.
	Restart func()
	// Save makes a backup. The function restore replaces the store by the
	// backup: a reset.
	Save func() (restore func())
	// Refuse makes the store refuse Follow for good.
	Refuse func()
	// HalfOpen makes the present connections of Store half-open: nothing passes
	// any more, and Store gets no error. New connections work. It requires
	// Direct.
	HalfOpen func()
	// Slow makes Store receive at most bytesPerSecond. With 0 there is no limit.
	Slow func(bytesPerSecond int)
	// LoseAnswer makes the answer to the next write of Store get lost, although
	// the write is done. It may lose all that Store receives until Heal, which
	// it requires.
	LoseAnswer func()
	// ValueLimit is the size of the largest value that the store accepts, or 0
	// if the subtest is skipped. It may be inexact by up to 1,000 bytes, because
	// some stores limit the whole request.
	ValueLimit int

	// Open, if it is not nil, returns the number of resources that Follows of
	// Store have open. Examples are streams and watches.
	Open func() int
	// Goroutine, if it is not nil, reports whether a goroutine with the given
	// stack belongs to a Follow of Store. If it is nil, the suite counts all
	// goroutines.
	Goroutine func(stack string) bool

	// Patience is the time limit of each wait, or 0 for 10 seconds. Only a
	// broken Store reaches it.
	Patience time.Duration
	// Keys is the number of keys in subtests with many keys, or 0 for 1,000.
	Keys int
}

// OfFake returns the Harness of f.
func OfFake(f *Fake) Harness {
	return Harness{
		Store:      f,
		Direct:     f.Direct(),
		Cut:        func() { f.Cut(nil) },
		Heal:       f.Heal,
		Compact:    f.Compact,
		Restart:    f.Restart,
		Save:       f.Save,
		Refuse:     func() { f.Refuse(nil) },
		HalfOpen:   f.HalfOpen,
		Slow:       f.Slow,
		LoseAnswer: func() { f.LoseAnswer(nil) },
		ValueLimit: f.ValueLimit,
		Open:       f.Follows,
	}
}
