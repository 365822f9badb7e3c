package event_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// The Examples whose bodies docs/patterns.md shows, each under its name.

func Example_insteadOfChannelPerObserver() {
	var state event.MemoryValue[string]
	state.Set("starting") // Nobody has to be there.
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

func ExampleMap() {
	type config struct {
		Level string
		Port  int
	}
	var current event.MemoryValue[config]
	port := event.Map(&current, func(c config) int { return c.Port })
	ports := event.Distinct(port, func(a, b int) bool { return a == b }).Watch()
	defer ports.Close()

	ctx := context.Background()
	current.Set(config{"info", 80})
	fmt.Println(ports.Get(ctx))
	current.Set(config{"debug", 80}) // Not a change of the port.
	fmt.Println(ports.Get(ctx, event.BacklogOnly[int]()))
	// Output:
	// 80 <nil>
	// 0 event: backlog done
}

func ExampleDistinct() {
	var leader event.MemoryValue[string]
	w := event.Distinct(&leader, func(a, b string) bool { return a == b }).Watch()
	defer w.Close()

	ctx := context.Background()
	leader.Set("alice")
	fmt.Println(w.Get(ctx))
	leader.Set("alice")
	leader.Set("bob")
	fmt.Println(w.Get(ctx))
	// Output:
	// alice <nil>
	// bob <nil>
}

func ExampleCombine() {
	var limit, used event.MemoryValue[int]
	free := event.Combine(&limit, &used, func(limit, used int) int { return limit - used }).Watch()
	defer free.Close()

	limit.Set(10)
	used.Set(3)
	fmt.Println(free.Get(context.Background()))
	used.Set(7)
	fmt.Println(free.Get(context.Background()))
	// Output:
	// 7 <nil>
	// 3 <nil>
}

func ExampleCombineAll() {
	var a, b, c event.MemoryValue[bool]
	all := event.CombineAll[bool](&a, &b, &c)
	go func() {
		for _, v := range []*event.MemoryValue[bool]{&a, &b, &c} {
			v.Set(true)
		}
	}()
	healthy, err := event.Wait(context.Background(), all, func([]bool) bool { return true })
	fmt.Println(healthy, err)
	// Output: [true true true] <nil>
}

func ExampleRate() {
	var progress event.MemoryValue[int]
	w := event.Rate(&progress, time.Hour).Watch()
	defer w.Close()

	progress.Set(1)
	fmt.Println(w.Get(context.Background()))
	progress.Set(2)
	fmt.Println(w.Get(context.Background(), event.BacklogOnly[int]())) // Not within this hour.
	// Output:
	// 1 <nil>
	// 0 event: backlog done
}

func ExampleRunWhile() {
	type config struct{ Addr, Level string }
	var current event.MemoryValue[config]
	current.Set(config{":80", "info"})

	sameAddr := func(old, next config) bool { return old.Addr == next.Addr }
	err := event.RunWhile(context.Background(), &current, sameAddr, func(ctx context.Context, c config) error {
		fmt.Println("listening on", c.Addr)
		if c.Addr == ":80" {
			current.Set(config{":80", "debug"}) // Is kept.
			current.Set(config{":81", "debug"})
		} else {
			current.Close()
		}
		<-ctx.Done()
		fmt.Println("stopping:", context.Cause(ctx))
		return nil
	})
	fmt.Println(err)
	// Output:
	// listening on :80
	// stopping: event: value changed
	// listening on :81
	// stopping: event: value closed
	// event: value closed
}

func ExampleMemoryValue_Watchers() {
	var prices event.MemoryValue[int]
	demand := prices.Watchers().Watch()
	defer demand.Close()

	ctx := context.Background()
	fmt.Println(demand.Get(ctx))
	w := prices.Watch()
	fmt.Println(demand.Get(ctx)) // Begin to produce.
	w.Close()
	fmt.Println(demand.Get(ctx)) // Rest.
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 0 <nil>
}

func ExampleWithHealthy() {
	var v event.MemoryValue[int]
	v.Close()
	ctx := event.WithHealthy(context.Background(), func() { fmt.Println("up") })
	fmt.Println(event.Pipe(&v, make(chan int)).Serve(ctx))
	// Output:
	// up
	// event: value closed
}

// One goroutine follows two values, one of them by a view, and serves requests.
func Example_select() {
	var limit, load event.MemoryValue[int]
	requests, tick := make(chan string), time.Tick(time.Hour)
	go func() {
		limit.Set(10)
		requests <- "ping"
		load.Set(12)
	}()

	limits, loads := limit.Watch(), event.Map(&load, func(n int) int { return 10 * n }).Watch()
	defer limits.Close()
	defer loads.Close()
	ctx, now := context.Background(), event.BacklogOnly[int]()
	high := event.Filter(func(n int) bool { return n > 100 })
	for {
		select {
		case <-tick:
		case r := <-requests:
			fmt.Println("request:", r)
		case <-limits.Changed():
			n, err := limits.Get(ctx, now)
			if errors.Is(err, event.ErrClosed) {
				return
			}
			if err == nil {
				fmt.Println("limit:", n)
			}
		case <-loads.Changed(): // It may be early, and the Filter may reject:
			if n, err := loads.Get(ctx, now, high); err == nil { // then this is BacklogDone.
				fmt.Println("high load:", n)
				limit.Close() // Which ends this.
			}
		}
	}
	// Unordered output:
	// limit: 10
	// high load: 120
	// request: ping
}

// TestPatternsAreExamples checks that each snippet of the guide that says "write" is the body of the Example named above it.
func TestPatternsAreExamples(t *testing.T) {
	guide, err := os.ReadFile("docs/patterns.md")
	require.NoError(t, err)
	var source strings.Builder
	for _, name := range []string{"example_test.go", "patterns_test.go"} {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		source.Write(b)
	}
	snippets := regexp.MustCompile("(?s)<!-- (Example\\w*) -->\n```go\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	require.NotEmpty(t, snippets)
	assert.Equal(t, strings.Count(string(guide), "```go\n"), len(snippets), "each has the name of its Example")
	for _, s := range snippets {
		_, body, found := strings.Cut(source.String(), "func "+s[1]+"() {\n")
		require.True(t, found, s[1])
		body, _, _ = strings.Cut(body, "\n}\n")
		if i := regexp.MustCompile(`\n\t// (Unordered output|Output):`).FindStringIndex(body); i != nil {
			body = body[:i[0]]
		}
		want := strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:] + "\n"
		assert.Equal(t, want, s[2], s[1])
	}
}
