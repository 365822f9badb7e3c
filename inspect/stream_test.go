package inspect_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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

// A slowConnection is a ResponseWriter whose reader takes its time for each byte. It ends an answer
// at the deadline.
type slowConnection struct {
	*httptest.ResponseRecorder
	perByte time.Duration

	mu       sync.Mutex
	deadline time.Time
	moved    chan struct{} // receives when deadline changes
}

func (c *slowConnection) SetWriteDeadline(deadline time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = deadline
	select {
	case c.moved <- struct{}{}:
	default:
	}
	return nil
}

func (c *slowConnection) Write(b []byte) (int, error) {
	written := time.After(time.Duration(len(b)) * c.perByte)
	for {
		c.mu.Lock()
		left := time.Until(c.deadline)
		c.mu.Unlock()
		select {
		case <-written:
			return c.ResponseRecorder.Write(b)
		case <-time.After(left):
			return 0, os.ErrDeadlineExceeded
		case <-c.moved:
		}
	}
}

// serveSlowly returns how long an answer takes, and whether it is complete. It is 100 kB. If
// shutDown is true, a Shutdown begins after five seconds.
func serveSlowly(t *testing.T, query string, perByte time.Duration, shutDown bool) (took time.Duration, complete bool) {
	synctest.Test(t, func(t *testing.T) {
		publish(t, "v", event.New(1), inspect.Show(func(int) string { return strings.Repeat("x", 60_000) }))
		for n := range 20 {
			publish(t, fmt.Sprint(strings.Repeat("long", 500), n), event.New(1))
		}
		c := &slowConnection{ResponseRecorder: httptest.NewRecorder(), perByte: perByte, moved: make(chan struct{}, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		server := &http.Server{}
		handler := inspect.HandlerWith(time.Minute, time.Hour)
		r := httptest.NewRequestWithContext(context.WithValue(ctx, http.ServerContextKey, server), "GET", query, nil)
		begun := time.Now()
		if shutDown {
			time.AfterFunc(5*time.Second, func() { _ = server.Shutdown(ctx) })
		}
		if query != "/?format=json" { // A stream has no end of its own.
			time.AfterFunc(10*time.Minute, cancel)
		}
		handler.ServeHTTP(c, r)
		took = time.Since(begun)
		body := c.Body.String()
		complete = strings.HasSuffix(body, "}]}") || strings.Contains(body, "\n\nevent: values\ndata: {") && strings.HasSuffix(body, "\n\n")
		synctest.Wait()
	})
	return took, complete
}

// TestSlowReaders checks that a reader has time for each piece, but not for a whole answer after
// a Shutdown has begun, and that a reader that does not read ends.
func TestSlowReaders(t *testing.T) {
	for _, query := range []string{"/?format=json", "/?format=events"} {
		_, complete := serveSlowly(t, query, 2*time.Millisecond, false)
		assert.True(t, complete, "%s: a slow reader gets all", query)
		took, complete := serveSlowly(t, query, 2*time.Millisecond, true)
		assert.False(t, complete, "%s: a slow reader does not hold up a Shutdown", query)
		assert.Equal(t, 15*time.Second, took)
		took, complete = serveSlowly(t, query, time.Hour, false)
		assert.False(t, complete, "%s: a reader that does not read", query)
		assert.Equal(t, time.Minute, took)
	}
}

// TestAccept checks which requests get a stream.
func TestAccept(t *testing.T) {
	for accept, stream := range map[string]bool{
		"text/event-stream":                       true,
		"Text/Event-Stream":                       true,
		"text/html, text/event-stream;q=0.5":      true,
		"text/html, text/event-stream;q=0":        false,
		"text/html;q=1,text/event-stream; Q=0.00": false,
		"text/event-streams":                      false,
		"text/event-stream;q=odd":                 true,
		"*/*":                                     false,
		"":                                        false,
		";;,text/html;=":                          false,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		inspect.Handler().ServeHTTP(plainWriter{w}, r)
		assert.Equal(t, stream, w.Code == http.StatusNotImplemented, accept)
	}
}
