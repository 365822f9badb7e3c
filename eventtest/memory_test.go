package eventtest_test

import (
	"testing"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
)

func TestMemoryValue(t *testing.T) {
	eventtest.Run(t, func(testing.TB) eventtest.Subject {
		return eventtest.Of(new(event.MemoryValue[*eventtest.Item]))
	})
}
