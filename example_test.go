package event_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

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
	config.Set("v1")                     // Never blocks.

	var services sync.WaitGroup
	services.Go(func() { fmt.Println("stopped:", follow(context.TODO(), &config)) })
	config.Close() // The service still gets "v1", if it has not come to that yet.
	services.Wait()
	// Output:
	// running with v1
	// stopped: event: value closed
}

// docs/patterns.md shows the bodies of the Examples below.

func Example_insteadOfChannelPerObserver() {
	var state event.MemoryValue[string]
	state.Set("starting") // No watcher is needed.
	state.Set("ready")

	w := state.Watch()
	defer w.Close()
	s, err := w.Get(context.Background())
	fmt.Println(s, err)
	// Output: ready <nil>
}

func Example_insteadOfCond() {
	var ready event.MemoryValue[bool]
	go ready.Set(true)

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := event.Wait(ctx, &ready, func(ok bool) bool { return ok })
	fmt.Println(err)
	// Output: <nil>
}

// A wait for the first value, whatever it is.
func Example_anyValue() {
	var config event.MemoryValue[string]
	go config.Set("v1")

	first, err := event.Wait(context.Background(), &config, func(string) bool { return true })
	fmt.Println(first, err)
	// Output: v1 <nil>
}

// The level of a logger follows a configuration.
func Example_levelVar() {
	type config struct{ Level slog.Level }
	current := event.New(config{slog.LevelDebug})
	var level slog.LevelVar
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: &level}))

	levels := event.Map(current, func(c config) slog.Level { return c.Level })
	current.Close() // In a program the value lives on, and so does the loop, on a goroutine.
	for l := range event.Values(context.Background(), levels) {
		level.Set(l)
	}
	fmt.Println(logger.Enabled(context.Background(), slog.LevelDebug))
	// Output: true
}

func Example_insteadOfPolling() {
	var size event.MemoryValue[int]
	size.Set(3)
	size.Close()

	for n, err := range event.All(context.Background(), event.Rate(&size, time.Second)) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(n)
	}
	// Output:
	// 3
	// event: value closed
}

// One goroutine follows two values, one of them by a view, and serves requests. It
// outlives the end of the one, and ends with the other.
func Example_select() {
	var limit, load event.MemoryValue[int]
	requests, tick := make(chan string), time.Tick(time.Hour)
	go func() {
		limit.Set(10)
		requests <- "ping"
		load.Set(12)
		load.Close()
	}()

	limits, loads := limit.Watch(), event.Map(&load, func(n int) int { return 10 * n }).Watch()
	defer limits.Close()
	defer loads.Close()
	ctx := context.Background()
	high := event.Filter(func(n int) bool { return n > 100 })
	loadsChanged := loads.Changed()
	for {
		select {
		case <-tick:
		case r := <-requests:
			fmt.Println("request:", r)
		case <-limits.Changed():
			n, ok, err := event.TryGet(ctx, limits)
			if err != nil {
				fmt.Println(err)
				return // The value has ended. Its channel stays closed: without this, the loop spins.
			}
			if ok { // Otherwise nothing yet: the channel may be early.
				fmt.Println("limit:", n)
			}
		case <-loadsChanged:
			n, ok, err := event.TryGet(ctx, loads, high)
			loadsChanged = loads.Changed()
			if err != nil {
				loadsChanged = nil // This value has ended, and the loop continues without it.
				limit.Close()      // This ends the loop.
			}
			if ok { // Otherwise nothing yet, or the Filter rejects.
				fmt.Println("high load:", n)
			}
		}
	}
	// Unordered output:
	// limit: 10
	// high load: 120
	// request: ping
	// event: value closed
}
