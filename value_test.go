package event_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event"
)

// A table that many read and few change is an immutable map, replaced by Update.
func ExampleMemoryValue_Update() {
	var members event.MemoryValue[map[string]bool]
	join := func(name string) {
		members.Update(func(old map[string]bool, _ bool) (map[string]bool, bool) {
			if old[name] {
				return nil, false // Nothing to do: nobody is woken.
			}
			next := map[string]bool{name: true}
			for n := range old {
				next[n] = true
			}
			return next, true
		})
	}
	join("alice")
	join("bob")
	join("alice")
	m, _ := members.Load()
	fmt.Println(m)
	// Output: map[alice:true bob:true]
}

// The cause of a Close reaches every watcher.
func ExampleMemoryValue_CloseWithError() {
	errLease := errors.New("lease lost")
	var v event.MemoryValue[int]
	v.CloseWithError(errLease)

	w := v.Watch()
	defer w.Close()
	_, err := w.Get(context.Background())
	fmt.Println(errors.Is(err, event.ErrClosed), errors.Is(err, errLease))
	fmt.Println(err)
	// Output:
	// true true
	// event: value closed: lease lost
}
