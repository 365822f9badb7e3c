package event_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eventvalue/event"
)

// follow is a service under its configuration: it sees what is current, then each change that
// it is fast enough for, and always the last.
func follow(ctx context.Context, config event.ValueWatch[string]) error {
	w := config.Watch()
	defer w.Close()
	for {
		c, err := w.Get(ctx) // The newest, at once, if not seen; else the next.
		if err != nil {
			return err // ctx has ended, or the value has.
		}
		fmt.Println("running with", c)
	}
}

// A service follows its configuration until the value ends.
func Example() {
	var config event.MemoryValue[string] // The zero value is ready.
	config.Set("v1")                     // Never blocks, whoever watches.

	var services sync.WaitGroup
	services.Go(func() { fmt.Println("stopped:", follow(context.TODO(), &config)) })
	config.Close() // The service still gets "v1", if it has not come to that yet.
	services.Wait()
	// Output:
	// running with v1
	// stopped: event: value closed
}

// A flag that must be on before work begins is waited for once.
func ExampleWait() {
	var healthy event.MemoryValue[bool]
	go healthy.Set(true)

	_, err := event.Wait(context.Background(), &healthy, func(ok bool) bool { return ok })
	fmt.Println("healthy:", err == nil)
	// Output: healthy: true
}

// All is for loops that do nothing but follow.
func ExampleAll() {
	var leader event.MemoryValue[string]
	leader.Set("alice")

	for name, err := range event.All(context.Background(), &leader) {
		if err != nil {
			fmt.Println("the end:", errors.Is(err, event.ErrClosed))
			break
		}
		fmt.Println("leader:", name)
		leader.Close()
	}
	// Output:
	// leader: alice
	// the end: true
}

// Filter makes Get wait for what its caller cares about.
func ExampleFilter() {
	var temperature event.MemoryValue[int]
	w := temperature.Watch()
	defer w.Close()

	tooHot := []event.GetOption[int]{event.Filter(func(t int) bool { return t > 30 })}
	go func() {
		for t := 20; t <= 31; t++ {
			temperature.Set(t)
		}
	}()
	t, _ := w.Get(context.Background(), tooHot...) // A kept slice spares an allocation.
	fmt.Println(t)
	// Output: 31
}

// BacklogOnly tells what there is from what is still to come.
func ExampleBacklogOnly() {
	var v event.MemoryValue[int]
	v.Set(1)
	w := v.Watch()
	defer w.Close()

	for {
		n, err := w.Get(context.Background(), event.BacklogOnly[int]())
		if err == event.BacklogDone {
			break
		}
		fmt.Println("at the start:", n)
	}
	fmt.Println("ready")
	// Output:
	// at the start: 1
	// ready
}

// Changed lets one goroutine follow a value among other things.
func ExampleWatcher_Changed() {
	var limit event.MemoryValue[int]
	w := limit.Watch()
	defer w.Close()
	requests := make(chan string)
	go func() {
		limit.Set(10)
		requests <- "ping"
		limit.Close()
	}()

	ctx := context.Background()
	for {
		select {
		case r := <-requests:
			fmt.Println("request:", r)
		case <-w.Changed():
			n, err := w.Get(ctx, event.BacklogOnly[int]()) // Does not wait, come what may.
			switch {
			case errors.Is(err, event.ErrClosed):
				fmt.Println("closed")
				return
			case err == nil:
				fmt.Println("limit:", n)
			}
		}
	}
	// Unordered output:
	// limit: 10
	// request: ping
	// closed
}

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

// A consumer that is written around a channel is fed by a Pipe.
func ExamplePipe() {
	var v event.MemoryValue[int]
	v.Set(1)
	v.Set(2)
	v.Close()

	c := make(chan int)
	done := make(chan error)
	feed := event.Pipe(&v, c) // Run it under a supervisor, again after a failure.
	go func() { done <- feed.Serve(context.Background()) }()
	fmt.Println(<-c)
	fmt.Println(<-done)
	// Output:
	// 2
	// event: value closed
}
