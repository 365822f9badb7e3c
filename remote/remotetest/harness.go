package remotetest

import (
	"time"

	"github.com/eventvalue/event/remote"
)

// A Harness is a Store under test, over a store that is empty where the suite writes, and the hands on
// it. A function that is nil cannot be done; what needs it is skipped. Functions return
// when it is done: Restart, when the store can be reached again.
type Harness struct {
	// Store is what is tested. It is required.
	Store remote.Store
	// Direct is the same store by a connection that Cut leaves alone. It is required with Cut.
	Direct remote.Store
	// Prefix is what all keys begin with that the suite uses.
	Prefix string

	// Cut breaks Store's connection, such that nothing goes through until Heal.
	Cut, Heal func()
	// Compact makes the store forget what it has been.
	Compact func()
	// Restart ends the store and starts it again, with what was in it.
	Restart func()
	// Save makes a backup, and restore puts that in the store's place: a reset.
	Save func() (restore func())
	// Refuse makes the store refuse to be followed, for good.
	Refuse func()

	// Patience is how long to wait for what must come; 10 seconds if it is 0. Only what is
	// broken takes as long.
	Patience time.Duration
	// Keys is how many keys there are where it is many: 1,000 if it is 0.
	Keys int
}

// OfFake returns the Harness of f.
func OfFake(f *Fake) Harness {
	return Harness{
		Store:   f,
		Direct:  f.Direct(),
		Cut:     func() { f.Cut(errCut) },
		Heal:    f.Heal,
		Compact: f.Compact,
		Restart: f.Restart,
		Save:    f.Save,
		Refuse:  func() { f.Refuse(errRefused) },
	}
}
