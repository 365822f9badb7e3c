package event_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
)

func TestWatchersCountsWhatIsOpen(t *testing.T) {
	var v event.MemoryValue[int]
	before := []event.Watcher[int]{v.Watch(), v.Watch(), v.Watch()}
	_ = before[0].Close()
	counts := v.Watchers()
	n, ok := counts.(event.Loader[int]).Load()
	assert.True(t, ok)
	assert.Equal(t, 2, n, "those from before it was asked for, too")
	w := counts.Watch()
	has(t, w, 2)
	_ = before[0].Close() // Twice is once.
	nothing(t, w)
	third := v.Watch()
	has(t, w, 3)
	for i, w2 := range []event.Watcher[int]{before[1], third, before[2]} {
		_ = w2.Close()
		has(t, w, 2-i)
	}
	has(t, v.Watchers().Watch(), 0)
	_ = v.Close()
	nothing(t, w) // It does not end with v.
	late := v.Watch()
	has(t, w, 1)
	_ = late.Close()
	has(t, w, 0)
}

// TestWatchersThatCameAndWentAreNoticed is for a producer that works on demand.
func TestWatchersThatCameAndWentAreNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := v.Watchers().Watch()
		has(t, w, 0)
		got := make(chan int, 1)
		go func() { n, _ := w.Get(t.Context()); got <- n }()
		synctest.Wait()
		require.Empty(t, got)
		_ = v.Watch().Close()
		assert.Contains(t, []int{0, 1}, <-got)
		_ = v.Watch().Close()
		has(t, w, 0)
	})
}

func TestWatchersOfViews(t *testing.T) {
	var v event.MemoryValue[int]
	counts := v.Watchers().(event.Loader[int])
	view := event.Combine(&v, event.Map(event.Distinct(&v), func(n int) int { return n }), paired)
	n, _ := counts.Load()
	assert.Zero(t, n, "a view keeps nothing while nobody watches")
	a, b := view.Watch(), event.Rate(&v, 1).Watch()
	n, _ = counts.Load()
	assert.Equal(t, 3, n)
	_, _ = a.Close(), b.Close()
	n, _ = counts.Load()
	assert.Zero(t, n)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = event.Wait(ctx, &v, func(int) bool { return true })
	for range event.All(ctx, view) {
		n, _ = counts.Load()
		assert.Equal(t, 2, n)
	}
	n, _ = counts.Load()
	assert.Zero(t, n)
}

// TestOpenWatchersIsForOtherPackages is the count as packages of this module read it.
func TestOpenWatchersIsForOtherPackages(t *testing.T) {
	var v event.MemoryValue[int]
	open := func(want int) {
		t.Helper()
		n, ok := capability.OpenWatchers(&v)
		assert.True(t, ok)
		assert.Equal(t, want, n)
	}
	open(0)
	w, view := v.Watch(), event.Map(&v, func(n int) int { return n }).Watch()
	open(2)
	_ = w.Close()
	_ = w.Close()
	open(1)
	_ = view.Close()
	open(0)
	_, ok := capability.OpenWatchers(unloadable{&v})
	assert.False(t, ok)
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
