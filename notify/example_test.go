package notify_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/eventvalue/event/notify"
)

// Many wait for one thing to happen. Whoever comes later does not wait.
func ExampleBroadcast() {
	var ready notify.Broadcast // The zero value is ready to use.
	var workers sync.WaitGroup
	for range 3 {
		workers.Go(func() {
			if err := ready.Wait(context.Background()); err == nil {
				fmt.Println("at work")
			}
		})
	}
	ready.Fire()
	workers.Wait()
	<-ready.Done()
	fmt.Println(ready.Fired())
	// Output:
	// at work
	// at work
	// at work
	// true
}

// A Waiter follows what is announced by one Broadcast after another: here, that a page is
// not the newest any more.
func ExampleWaiter() {
	type page struct {
		text       string
		superseded notify.Broadcast
		next       *page // Set before superseded is fired.
	}
	first := &page{text: "one"}
	go func() {
		last := first
		for _, text := range []string{"two", "three"} {
			last.next = &page{text: text}
			last.superseded.Fire()
			last = last.next
		}
	}()

	var w notify.Waiter // It keeps what waiting needs from one wait to the next.
	defer w.Close()
	for p := first; ; p = p.next {
		fmt.Println(p.text)
		if p.text == "three" {
			break
		}
		if err := w.Wait(context.Background(), &p.superseded); err != nil {
			fmt.Println(err)
			break
		}
	}
	// Output:
	// one
	// two
	// three
}
