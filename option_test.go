package event_test

import (
	"context"
	"fmt"

	"github.com/eventvalue/event"
)

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
