package event_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

func TestZeroGetOptionDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := v.Watch()
		got := make(chan int, 1)
		go func() { n, _ := w.Get(t.Context(), event.GetOption[int]{}); got <- n }()
		synctest.Wait()
		require.Empty(t, got, "it waits")
		v.Set(1)
		assert.Equal(t, 1, <-got)
	})
}

func TestSeveralFiltersMustAllAccept(t *testing.T) {
	var v event.MemoryValue[int]
	w := v.Watch()
	odd := event.Filter(func(n int) bool { return n%2 == 1 })
	large := event.Filter(func(n int) bool { return n > 4 })
	var got []int
	for n := range 9 {
		v.Set(n)
		if n, err := now(t, w, odd, large); err == nil {
			got = append(got, n)
		}
	}
	assert.Equal(t, []int{5, 7}, got)
}

func TestFilteredValueStaysUnseenIfTheGetFails(t *testing.T) {
	var v event.MemoryValue[int]
	w := v.Watch()
	v.Set(1)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := w.Get(ctx, event.Filter(func(int) bool { cancel(); return false }))
	assert.Equal(t, context.Canceled, err)
	has(t, w, 1)
	v.Set(2)
	_, err = now(t, w, event.Filter(func(int) bool { return false }))
	assert.Equal(t, event.BacklogDone, err)
	nothing(t, w) // BacklogDone has passed the 2.
}

func TestBacklogOnlyAsksAboutOneValue(t *testing.T) {
	var v event.MemoryValue[int]
	w := v.Watch()
	v.Set(1)
	var asked []int
	_, err := now(t, w, event.Filter(func(n int) bool {
		asked = append(asked, n)
		if n < 10 {
			v.Set(n + 1)
		}
		return false
	}))
	assert.Equal(t, event.BacklogDone, err)
	assert.Equal(t, []int{1}, asked)
	has(t, w, 2)
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
