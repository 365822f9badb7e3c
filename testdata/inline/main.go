// Inline uses an Event Value, for the tests that look at what the compiler makes of it.
package main

import (
	"context"
	"fmt"

	"github.com/eventvalue/event"
)

func main() {
	var v event.MemoryValue[int]
	v.Set(1)
	n, ok := v.Load()
	w := v.Watch()
	m, err := w.Get(context.Background())
	fmt.Println(n, ok, m, err)
}
