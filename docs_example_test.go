package event_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// This file has the snippets of docs/migrate.md, docs/faq.md and
// docs/testing.md.

func Example_fromTokio() {
	ctx := context.Background()
	sender := event.New("starting") // watch::channel("starting")
	receiver := sender.Watch()      // sender.subscribe()
	defer receiver.Close()          // drop(receiver)

	sender.Set("ready")             // sender.send("ready")
	state, err := receiver.Get(ctx) // changed().await, then borrow_and_update()
	fmt.Println(state, err)         //
	ready := func(s string) bool { return s == "ready" }
	state, err = event.Wait(ctx, sender, ready) // wait_for(|s| s == "ready").await
	fmt.Println(state, err)

	_ = sender.Close() // drop(sender)
	_, err = receiver.Get(ctx)
	fmt.Println(err == event.ErrClosed)
	// Output:
	// ready <nil>
	// ready <nil>
	// true
}

func Example_fromStateFlow() {
	type screen struct{ user, theme string }
	user := event.New("alice")       // MutableStateFlow("alice")
	theme := event.New("dark")       //
	distinct := event.Distinct(user) // a StateFlow compares values; here a view does
	both := event.Combine(distinct, theme, func(u, t string) screen { return screen{u, t} })

	user.Set("bob")                                                             // user.value = "bob"
	user.Update(func(u string, _ bool) (string, bool) { return u + "!", true }) // user.update { it + "!" }
	current, ok := event.Load(both)                                             // value
	fmt.Println(current, ok)
	// Output: {bob! dark} true
}

func Example_fromBehaviorSubject() {
	subject := event.New(1)
	done := make(chan struct{})
	go func() { // subscribe(next, error, complete)
		defer close(done)
		for val, err := range event.All(context.Background(), subject) {
			switch {
			case err == nil:
				fmt.Println("next", val)
			case errors.Is(err, event.ErrClosed):
				fmt.Println("error or complete:", err)
			}
		}
	}()
	_ = subject.CloseWithError(errors.New("out of paper")) // error(err); Close is complete()
	<-done
	// Output:
	// next 1
	// error or complete: event: value closed: out of paper
}

// onConfigChange stands for a function that calls back, as OnConfigChange of
// viper does.
func onConfigChange(callback func(level string)) { callback("debug") }

func Example_fromCallback() {
	var level event.MemoryValue[string]
	onConfigChange(level.Set) // The only callback. It never blocks the caller.

	// Each part of the program watches for itself, with its own context.
	newest, err := event.Wait(context.Background(), &level, func(string) bool { return true })
	fmt.Println(newest, err)
	// Output: debug <nil>
}

func Example_fromMonogon() {
	var value event.MemoryValue[string] // memory.Value[string]
	value.Set("v1")
	w := value.Watch()
	defer w.Close()
	for { // Everything that is there now, and then stop.
		val, err := w.Get(context.Background(), event.BacklogOnly[string]())
		if err == event.BacklogDone {
			return
		}
		fmt.Println(val, err)
	}
	// Output: v1 <nil>
}

func TestSnippetSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var config event.MemoryValue[string] // Made inside the bubble.
		var got string
		go func() {
			got, _ = event.Wait(t.Context(), &config, func(s string) bool { return s != "" })
		}()
		synctest.Wait() // The goroutine waits now. No Sleep is needed.
		require.Empty(t, got)
		config.Set("v1")
		synctest.Wait()
		require.Equal(t, "v1", got)
	})
}

func TestSnippetClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := event.New(1)
		calm := event.Debounce(source, time.Minute)
		start := time.Now()
		val, err := event.Wait(t.Context(), calm, func(int) bool { return true })
		require.NoError(t, err)
		require.Equal(t, 1, val)
		require.Equal(t, time.Minute, time.Since(start)) // The clock of the bubble.
	})
}

func TestSnippetParameter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type config struct{ Workers int }
		size := 0
		follow := func(ctx context.Context, conf event.ValueWatch[config]) { // The code under test.
			for c := range event.Values(ctx, conf) {
				size = c.Workers
			}
		}
		var conf event.MemoryValue[config] // The program passes a *file.Value[config].
		go follow(t.Context(), &conf)
		conf.Set(config{Workers: 3})
		synctest.Wait()
		require.Equal(t, 3, size)
	})
}

func TestSnippetFake(t *testing.T) {
	var store remotetest.Fake
	leader := remote.NewValue(&store, "leader", remote.String())
	defer leader.Close()
	w := leader.Watch()
	defer w.Close()
	isSet := event.Filter(func(e remote.Entry[string]) bool { return e.Present })

	store.Cut(nil) // The network is gone.
	_, err := leader.Set(t.Context(), "alice")
	require.ErrorIs(t, err, remote.ErrUnknownOutcome)

	store.Heal()
	_, err = leader.Set(t.Context(), "bob")
	require.NoError(t, err)
	e, err := w.Get(t.Context(), isSet)
	require.NoError(t, err)
	require.Equal(t, "bob", e.Value)
}

func TestSnippetConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("the suite takes some seconds")
	}
	eventtest.Run(t, func(testing.TB) eventtest.Subject {
		return eventtest.Of(new(event.MemoryValue[*eventtest.Item])) // Your implementation.
	})
}

func Example_shutdown() {
	var stopping event.MemoryValue[struct{}]
	ctx, cancel := event.Until(context.Background(), &stopping, func(struct{}) bool { return true })
	defer cancel()
	stopping.Set(struct{}{})
	<-ctx.Done()
	fmt.Println(ctx.Err())
	// Output: context canceled
}
