package eventtest_test

import (
	"testing"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
)

// A test of an implementation, which would be called TestSomething. What is
// tested here is event.MemoryValue, as if it could not tell concurrent Gets.
func ExampleRun() {
	_ = func(t *testing.T) {
		eventtest.Run(t, func(testing.TB) eventtest.Subject {
			return eventtest.Of(new(event.MemoryValue[*eventtest.Item]))
		}, eventtest.ConcurrentGets)
	}
}
