package remote_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// A Flag is on or off.
type Flag bool

// A table of flags that several machines share, here over a store in memory. One
// of the values does not decode.
func ExampleRange() {
	ctx, cancel := context.WithCancel(context.Background())
	store := new(remotetest.Fake)
	flags := remote.NewRange(store, "flags/", remote.JSON[Flag]())
	defer flags.Close()
	_, _ = flags.Set(ctx, "flags/blue", true)
	_, _ = flags.Set(ctx, "flags/green", true)
	_, _ = store.Put(ctx, "flags/red", []byte("maybe"), remote.Condition{})

	err := followFlags(ctx, flags, func(table map[string]Flag) {
		fmt.Println(table)
		if len(table) == 1 {
			cancel()
		}
		_, _ = flags.Delete(ctx, "flags/green")
	})
	fmt.Println(err)
	// Output:
	// map[flags/blue:true flags/green:true]
	// map[flags/blue:true]
	// context canceled
}

// followFlags calls use whenever its table is complete.
func followFlags(ctx context.Context, flags *remote.Range[Flag], use func(map[string]Flag)) error {
	w := flags.Watch()
	defer w.Close()
	table, restarted := make(map[string]Flag), false
	for {
		e, err := w.Get(ctx, event.BacklogOnly[remote.Entry[Flag]]())
		var bad *remote.BadValueError
		switch {
		case err == event.BacklogDone:
			if restarted { // table is complete.
				use(table)
			}
			select {
			case <-w.Changed():
			case <-ctx.Done():
				return ctx.Err()
			}
		case errors.As(err, &bad): // Any writer can cause that.
			delete(table, bad.Key)
		case err != nil:
			return err
		default:
			restarted = restarted || e.Restart
			e.Apply(table)
		}
	}
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

// A process reads what it has written.
func ExampleValue_Sync() {
	ctx := context.Background()
	leader := remote.NewValue(new(remotetest.Fake), "leader", remote.String())
	defer leader.Close()
	w := leader.Watch()
	defer w.Close()

	revision, err := leader.Set(ctx, "node-1")
	if err != nil {
		fmt.Println(err) // See ErrUnknownOutcome.
		return
	}
	if err := leader.Sync(ctx, revision); err != nil {
		fmt.Println(err)
		return
	}
	e, err := w.Get(ctx) // It returns that write, or a newer one.
	fmt.Println(e.Value, err)
	// Output: node-1 <nil>
}

// A program reads the state once. event.Load has nothing at hand, because the state
// is in the store.
func ExampleValue_Watch_once() {
	ctx := context.Background()
	leader := remote.NewValue(new(remotetest.Fake), "leader", remote.String())
	defer leader.Close()
	_, _ = leader.Set(ctx, "node-1")

	_, ok := event.Load(leader)
	fmt.Println(ok)
	e, err := event.Wait(ctx, leader, func(remote.Entry[string]) bool { return true })
	fmt.Println(e.Value, e.Present, err)
	// Output:
	// false
	// node-1 true <nil>
}
