package inspect_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// TestStreamSendsValuesWithoutVersions has a value that changes without a change of what is shown
// of it in an event.
func TestStreamSendsValuesWithoutVersions(t *testing.T) {
	server := httptest.NewServer(inspect.Handler())
	t.Cleanup(server.Close)
	v := event.New(1)
	publish(t, "sum", event.Combine(v, event.New(0), func(a, b int) int { return a + b }), inspect.Show(func(n int) string { return fmt.Sprint(n) }))
	publish(t, "versioned", event.New(1))
	s := openStream(t, server.URL)
	require.Len(t, s.next().Values, 2)
	for range 3 {
		v.Set(2)
		e := s.next()
		require.NotEmpty(t, e.Values)
		assert.Equal(t, "sum", e.Values[0].Name)
		assert.Empty(t, e.Values[0].Text, "an event has no text")
	}
}
