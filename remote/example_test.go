package remote_test

import (
	"context"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remotetest"
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
