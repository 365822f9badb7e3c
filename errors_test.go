package event_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

func TestErrClosedWithCause(t *testing.T) {
	cause := errors.New("cause")
	var v event.MemoryValue[int]
	assert.NoError(t, v.CloseWithError(cause))
	assert.NoError(t, v.Close(), "the first Close wins")
	_, err := v.Watch().Get(t.Context())
	assert.ErrorIs(t, err, event.ErrClosed)
	assert.ErrorIs(t, err, cause)
	assert.EqualError(t, err, "event: value closed: cause")
}

// problems is an error that == cannot compare.
type problems []string

func (p problems) Error() string { return "problems" }

func TestErrClosedCanBeComparedWhateverItsCause(t *testing.T) {
	var v event.MemoryValue[int]
	assert.NoError(t, v.CloseWithError(problems{"one"}))
	_, err := v.Watch().Get(t.Context())
	_, again := v.Watch().Get(t.Context())
	assert.NotPanics(t, func() { assert.True(t, errors.Is(err, again)) })
	var cause problems
	assert.ErrorAs(t, err, &cause)
}

// A caller may compare these errors by ==, so no view may wrap them.
func TestErrorsComeThroughViewsUnwrapped(t *testing.T) {
	for _, kind := range viewKinds {
		var a, b event.MemoryValue[int]
		w := event.Map(viewOfKind(kind, &a, &b), func(n int) int { return n }).Watch()
		is := func(want error) {
			_, err := now(t, w)
			assert.True(t, err == want, "%s: %v", kind, err)
		}
		is(event.BacklogDone)
		a.Set(1)
		b.Set(1)
		_, err := now(t, w)
		assert.NoError(t, err)
		assert.NoError(t, a.Close())
		assert.NoError(t, b.Close())
		is(event.ErrClosed)
		assert.NoError(t, w.Close())
		is(event.ErrWatcherClosed)
	}
}
