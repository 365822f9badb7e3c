package event_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// now is what w has, without waiting.
func now[T any](t *testing.T, w event.Watcher[T], opts ...event.GetOption[T]) (T, error) {
	t.Helper()
	return w.Get(t.Context(), append(opts, event.BacklogOnly[T]())...)
}

// has fails the test unless w has this, and nothing more.
func has[T any](t *testing.T, w event.Watcher[T], want T) {
	t.Helper()
	got, err := now(t, w)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	nothing(t, w)
}

// nothing fails the test if w has anything.
func nothing[T any](t *testing.T, w event.Watcher[T]) {
	t.Helper()
	got, err := now(t, w)
	assert.Equal(t, event.BacklogDone, err, got)
}

func opened(c <-chan struct{}) bool {
	select {
	case <-c:
		return false
	default:
		return true
	}
}
