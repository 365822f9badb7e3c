package remote_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// A table of flags that several machines share, here over a store in memory.
func ExampleRange() {
	ctx := context.Background()
	flags := remote.NewRange(new(remotetest.Fake), "flags/", remote.JSON[bool]())
	defer flags.Close()
	w := flags.Watch()
	defer w.Close()

	_, _ = flags.Set(ctx, "flags/blue", true)
	_, _ = flags.Set(ctx, "flags/green", true)
	last, err := flags.Delete(ctx, "flags/green")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = flags.Sync(ctx, last) // Else it may not have come yet.

	table := make(map[string]bool)
	for {
		e, err := w.Get(ctx, event.BacklogOnly[remote.Entry[bool]]())
		if err != nil {
			fmt.Println(err)
			break
		}
		e.Apply(table)
	}
	fmt.Println(table)
	// Output:
	// event: backlog done
	// map[flags/blue:true]
}

// One writes only if nobody else has in the meantime.
func ExampleValue_CompareAndSet() {
	ctx := context.Background()
	leader := remote.NewValue(new(remotetest.Fake), "leader", remote.String())
	defer leader.Close()
	w := leader.Watch()
	defer w.Close()

	e, err := w.Get(ctx)
	fmt.Println(e.Present, err)
	_, err = leader.CompareAndSet(ctx, e.Revision, "node-1")
	fmt.Println(err)
	_, err = leader.CompareAndSet(ctx, e.Revision, "node-2")
	fmt.Println(err)
	// Output:
	// false <nil>
	// <nil>
	// remote: conflict: the key is not at that revision
}

// How a Value stands with its store is an Event Value, too.
func ExampleValue_Status() {
	ctx := context.Background()
	store := new(remotetest.Fake)
	leader := remote.NewValue(store, "leader", remote.String())
	defer leader.Close()
	w := leader.Watch()
	defer w.Close()

	store.Cut(errors.New("no route to host"))
	broken := func(s remote.Status) bool { return s.State == remote.Broken }
	s, err := event.Wait(ctx, leader.Status(), broken)
	fmt.Println(s.State, s.Reason, err)
	// Output: broken no route to host <nil>
}
