package eventtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
)

func TestOfOffersWhatTheValueHas(t *testing.T) {
	s := eventtest.Of(new(event.MemoryValue[*item]))
	assert.NotNil(t, s.Load)
	assert.NotNil(t, s.Update)
	assert.NotNil(t, s.Close)
	s = eventtest.Of(struct{ event.Value[*item] }{new(event.MemoryValue[*item])})
	assert.NotNil(t, s.Set)
	assert.NotNil(t, s.Watch)
	assert.Nil(t, s.Load)
	assert.Nil(t, s.Update)
	assert.Nil(t, s.Close)
}

func TestOfNilPanics(t *testing.T) {
	assert.PanicsWithValue(t, "eventtest: Of: nil value", func() { eventtest.Of(nil) })
}
