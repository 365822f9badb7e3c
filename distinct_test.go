package event_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

func TestDistinctComparesWithWhatWasReturned(t *testing.T) {
	var v event.MemoryValue[int]
	var asked [][2]int
	view := event.DistinctFunc(&v, func(last, next int) bool {
		asked = append(asked, [2]int{last, next})
		return last == next
	})
	w := view.Watch()
	v.Set(1)
	has(t, w, 1)
	assert.Empty(t, asked, "the first is not compared")
	v.Set(1)
	nothing(t, w)
	v.Set(2)
	_, err := now(t, w, event.Filter(func(int) bool { return false }))
	assert.Equal(t, event.BacklogDone, err)
	v.Set(1)
	nothing(t, w) // The 2 was not returned.
	v.Set(2)
	has(t, w, 2)
	has(t, view.Watch(), 2)
	assert.Equal(t, [][2]int{{1, 1}, {1, 2}, {1, 1}, {1, 2}}, asked)
}

func TestDistinctIsAskedBeforeTheFilters(t *testing.T) {
	var v event.MemoryValue[int]
	w := event.Distinct(&v).Watch()
	v.Set(1)
	has(t, w, 1)
	v.Set(1)
	_, err := now(t, w, event.Filter(func(int) bool { t.Error("asked about an equal value"); return true }))
	assert.Equal(t, event.BacklogDone, err)
}

func TestDistinctWaitsForWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.Distinct(&v).Watch()
		v.Set(1)
		has(t, w, 1)
		got := make(chan int, 1)
		go func() { n, _ := w.Get(t.Context()); got <- n }()
		for range 3 {
			v.Set(1)
			synctest.Wait()
			assert.Empty(t, got)
		}
		v.Set(2)
		assert.Equal(t, 2, <-got)
		v.Set(2)
		assert.NoError(t, v.Close())
		_, err := w.Get(t.Context())
		assert.Equal(t, event.ErrClosed, err, "a final value that is equal is passed")
	})
}

func TestDistinctOfAPanickingFunctionConsumesNothing(t *testing.T) {
	var v event.MemoryValue[int]
	broken := true
	w := event.DistinctFunc(&v, func(a, b int) bool {
		if broken {
			panic("boom")
		}
		return a == b
	}).Watch()
	v.Set(1)
	has(t, w, 1)
	v.Set(2)
	assert.PanicsWithValue(t, "boom", func() { _, _ = now(t, w) })
	broken = false
	has(t, w, 2)
}

func TestDistinctOfIncomparableValuesConsumesNothing(t *testing.T) {
	var v event.MemoryValue[any]
	w := event.Distinct(&v).Watch()
	v.Set([]int{1})
	_, err := w.Get(t.Context())
	assert.NoError(t, err)
	v.Set([]int{2})
	for range 2 {
		assert.Panics(t, func() { _, _ = w.Get(t.Context()) })
	}
	v.Set(3)
	got, err := w.Get(t.Context())
	assert.NoError(t, err)
	assert.Equal(t, 3, got)
}

func ExampleDistinct() {
	var leader event.MemoryValue[string]
	w := event.Distinct(&leader).Watch()
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

func ExampleDistinctFunc() {
	var members event.MemoryValue[[]string]
	w := event.DistinctFunc(&members, slices.Equal).Watch()
	defer w.Close()

	ctx := context.Background()
	members.Set([]string{"alice"})
	fmt.Println(w.Get(ctx))
	members.Set([]string{"alice"})
	fmt.Println(event.TryGet(ctx, w))
	// Output:
	// [alice] <nil>
	// [] false <nil>
}
