package event_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

// A holdWatcher under another: each has a clock of its own.
func TestHeldBackTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		slow := event.Rate(event.Debounce(&v, time.Second), time.Minute).Watch()
		defer slow.Close()
		v.Set(1)
		gets(t, slow, 1, time.Second)
		v.Set(2)
		gets(t, slow, 2, time.Minute)
		late := event.Debounce(event.Rate(&v, time.Minute), time.Second).Watch()
		defer late.Close()
		gets(t, late, 2, time.Second)
		v.Set(3)
		gets(t, late, 3, time.Minute) // The interval ends after 59 s, and then a second passes.
		assert.NoError(t, v.Close())
		_, err := late.Get(t.Context())
		assert.Equal(t, event.ErrClosed, err)
	})
}
