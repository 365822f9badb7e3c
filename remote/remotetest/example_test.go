package remotetest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// What is written while the connection is cut is there once it has healed.
func ExampleFake() {
	ctx := context.Background()
	store := new(remotetest.Fake)
	v := remote.NewValue(store, "key", remote.String())
	defer v.Close()
	w := v.Watch()
	defer w.Close()

	store.Cut(errors.New("cable"))
	_, err := v.Set(ctx, "lost")
	fmt.Println(err)
	_, _ = store.Direct().Put(ctx, "key", []byte("kept"), remote.Condition{})
	store.Heal()
	e, err := w.Get(ctx, event.Filter(func(e remote.Entry[string]) bool { return e.Present }))
	fmt.Println(e.Value, err)
	// Output:
	// remote: outcome of the write unknown: cable
	// kept <nil>
}
