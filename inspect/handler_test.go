package inspect_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// answer is what the handler answers to a request.
func answer(method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	inspect.Handler().ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

func TestOnlyGet(t *testing.T) {
	for _, method := range []string{"POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "ODD"} {
		w := answer(method, "/debug/values/")
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
		assert.Equal(t, "GET", w.Header().Get("Allow"))
	}
}

func TestQueries(t *testing.T) {
	publish(t, "a b&c", event.New(1))
	for target, want := range map[string]int{
		"/":                                   200,
		"/any/path":                           200,
		"/?format=html":                       200,
		"/?unknown=1":                         200,
		"/?format=json":                       200,
		"/?value=" + url.QueryEscape("a b&c"): 200,
		"/?format=json&value=" + url.QueryEscape("a b&c"): 200,
		"/?value=other":             404,
		"/?value=":                  404,
		"/?format=xml":              400,
		"/?format=":                 400,
		"/?format=json&format=html": 400,
		"/?value=a&value=b":         400,
		"/?format=events&value=a":   400,
		"/?%zz":                     400,
		"/?a;b":                     400,
		"/?value=%ff":               404,
		"/?value=%00" + strings.Repeat("x", 5000): 404,
	} {
		assert.Equal(t, want, answer("GET", target).Code, target)
	}
}

const hostile = `<script>alert(1)</script>"'&` + "\u2028`${x}</pre>"

func TestMarkupIsEscaped(t *testing.T) {
	v := event.New(hostile)
	publish(t, hostile, v, inspect.Show(func(s string) string { return s }))
	w := inspect.Track(hostile, v).Watch()
	defer w.Close()
	_ = v.CloseWithError(errors.New(hostile))
	for _, target := range []string{"/", "/?value=" + url.QueryEscape(hostile)} {
		body := answer("GET", target).Body.String()
		assert.NotContains(t, body, "<script>alert")
		assert.NotContains(t, body, "\"'&")
		assert.Equal(t, 1, strings.Count(body, "<script>"))
		assert.Contains(t, body, "&lt;script&gt;alert(1)")
	}
	got := jsonOf(t, "/?format=json")
	assert.Equal(t, hostile, got.Values[0].Name)
	assert.Equal(t, hostile, got.Values[0].Text)
}

func TestHeaders(t *testing.T) {
	for _, target := range []string{"/", "/?format=json", "/?format=wrong"} {
		h := answer("GET", target).Header()
		policy := h.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'")
		assert.NotContains(t, policy, "unsafe")
		assert.Regexp(t, `script-src 'sha256-[^' ]+'; `, policy)
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		assert.Equal(t, "no-store", h.Get("Cache-Control"))
	}
}

// TestSecretsStayInside checks that no format has the value, unless it is shown.
func TestSecretsStayInside(t *testing.T) {
	v := event.New("hunter2")
	publish(t, "password", v)
	w := inspect.Track("w", v).Watch()
	defer w.Close()
	for _, target := range []string{"/", "/?value=password", "/?format=json", "/?format=json&value=password"} {
		body := answer("GET", target).Body.String()
		assert.Contains(t, body, "password")
		assert.NotContains(t, body, "hunter2", target)
	}
	assert.NotContains(t, inspect.Expvar().String(), "hunter2")
}

type answered struct {
	At     time.Time
	Boot   string
	Values []inspect.Info
	Names  []string
	Rates  map[string][]float64
}

func jsonOf(t testing.TB, target string) (a answered) {
	t.Helper()
	w := answer("GET", target)
	require.Equal(t, 200, w.Code)
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
	return a
}

func TestJSONIsTheSnapshot(t *testing.T) {
	assert.JSONEq(t, "[]", string(mustField(t, answer("GET", "/?format=json").Body.Bytes(), "values")))
	v := event.New(1)
	publish(t, "a", v)
	publish(t, "b", event.New("x"), inspect.Show(strings.ToUpper))
	w := inspect.Track("w", v).Watch()
	defer w.Close()
	got, want := jsonOf(t, "/?format=json"), inspect.Values()
	require.Len(t, got.Values, 2)
	for i := range want {
		want[i].At = time.Time{}
		a, err := json.Marshal(want[i])
		require.NoError(t, err)
		b, err := json.Marshal(got.Values[i])
		require.NoError(t, err)
		assert.JSONEq(t, string(a), string(b))
	}
	var viaExpvar answered
	require.NoError(t, json.Unmarshal([]byte(inspect.Expvar().String()), &viaExpvar))
	assert.Equal(t, got.Values, viaExpvar.Values)
}

func mustField(t *testing.T, object []byte, name string) json.RawMessage {
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(object, &fields))
	return fields[name]
}

// A stream is the reader of an event stream.
type stream struct {
	t    *testing.T
	body io.ReadCloser
	r    *bufio.Reader
}

func openStream(t *testing.T, address string) *stream {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	require.NoError(t, err)
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	t.Cleanup(func() { _ = res.Body.Close() })
	return &stream{t, res.Body, bufio.NewReader(res.Body)}
}

// next returns the next event.
func (s *stream) next() (a answered) {
	s.t.Helper()
	var data string
	for {
		line, err := s.r.ReadString('\n')
		require.NoError(s.t, err)
		switch line = strings.TrimSuffix(line, "\n"); {
		case line == "" && data == "", strings.HasPrefix(line, ":"), strings.HasPrefix(line, "retry: "):
		case line == "":
			require.NoError(s.t, json.Unmarshal([]byte(data), &a))
			return a
		case strings.HasPrefix(line, "data: "):
			data += strings.TrimPrefix(line, "data: ")
		default:
			require.Equal(s.t, "event: values", line)
		}
	}
}

func TestStreamSendsWhatChanges(t *testing.T) {
	server := httptest.NewServer(inspect.Handler())
	t.Cleanup(server.Close)
	a, b := event.New(1), event.New(1)
	publish(t, "a", a)
	unpublishB := publish(t, "b", b)
	s := openStream(t, server.URL)
	first := s.next()
	require.Len(t, first.Values, 2)
	assert.Equal(t, []string{"a", "b"}, first.Names)
	assert.Len(t, first.Rates, 2)
	assert.NotEmpty(t, first.Boot)
	for range 3 {
		_ = s.next()
	}
	quiet := s.next()
	assert.Empty(t, quiet.Values)
	assert.Empty(t, quiet.Names)
	assert.Empty(t, quiet.Rates)
	a.Set(2)
	for {
		e := s.next()
		if len(e.Values) > 0 {
			assert.Equal(t, "a", e.Values[0].Name)
			assert.Equal(t, uint64(2), e.Values[0].Version)
			break
		}
	}
	unpublishB()
	for {
		if e := s.next(); e.Names != nil {
			assert.Equal(t, []string{"a"}, e.Names)
			break
		}
	}
	_ = s.body.Close()
	noSampler(t)
}

// TestStreamSendsThatNothingIsLeft unpublishes the only value while a page is open.
func TestStreamSendsThatNothingIsLeft(t *testing.T) {
	server := httptest.NewServer(inspect.Handler())
	t.Cleanup(server.Close)
	unpublish := publish(t, "last", event.New(1))
	s := openStream(t, server.URL)
	assert.Equal(t, []string{"last"}, s.next().Names)
	unpublish()
	for {
		if e := s.next(); e.Names != nil {
			assert.Empty(t, e.Names)
			break
		}
	}
	first := openStream(t, server.URL).next()
	assert.NotNil(t, first.Names, "a page that had a row before gets to know that it is gone")
	assert.NotNil(t, first.Rates)
}

// noSampler waits until the goroutine of the live pages has gone.
func noSampler(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return !inspect.Sampling() && samplers() == 0 }, time.Minute, time.Millisecond)
}

// TestStreamEndsWithItsServer checks that an open page does not hold up a Shutdown.
func TestStreamEndsWithItsServer(t *testing.T) {
	publish(t, "a", event.New(1))
	server := httptest.NewServer(inspect.Handler())
	t.Cleanup(server.Close)
	s := openStream(t, server.URL)
	s.next()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, server.Config.Shutdown(ctx))
	_, err := io.Copy(io.Discard, s.r)
	assert.NoError(t, err)
	noSampler(t)
}

// TestStreamThatBeginsInAShutdown has a handler around the one of the package. It passes the request
// on when the Shutdown has begun.
func TestStreamThatBeginsInAShutdown(t *testing.T) {
	publish(t, "a", event.New(1))
	for name, known := range map[string]bool{"known server": true, "first request of the server": false} {
		t.Run(name, func(t *testing.T) {
			doubt := time.Millisecond
			if known {
				doubt = time.Hour
			}
			h := inspect.HandlerWith(time.Minute, doubt)
			begun, entered := make(chan struct{}), make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("format") == "events" {
					close(entered)
					<-begun
				}
				h.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			if known {
				res, err := http.Get(server.URL)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
			}
			server.Config.RegisterOnShutdown(func() { close(begun) }) // After the handler's own, if that is registered.
			answered := make(chan error, 1)
			go func() {
				res, err := http.Get(server.URL + "?format=events")
				if err == nil {
					_, err = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
				answered <- err
			}()
			<-entered
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if err := server.Config.Shutdown(ctx); err != nil {
				server.CloseClientConnections()
				t.Error(err)
			}
			<-answered
		})
	}
	noSampler(t)
}

// TestAnswerThatIsNotRead has answers that fit in no buffer, and a reader that never reads. They
// do not hold up a Shutdown.
func TestAnswerThatIsNotRead(t *testing.T) {
	for n := range 400 {
		publish(t, fmt.Sprint(n, strings.Repeat("long", 10_000)), event.New(1))
	}
	server := httptest.NewServer(inspect.HandlerWith(time.Second, time.Minute))
	t.Cleanup(server.Close)
	for _, query := range []string{"/", "/?format=json"} {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		_ = c.(*net.TCPConn).SetReadBuffer(1)
		_, err = io.WriteString(c, "GET "+query+" HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		_, err = io.ReadFull(c, make([]byte, 1)) // The answer has begun.
		require.NoError(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, server.Config.Shutdown(ctx))
}

// A plainWriter has no Flush.
type plainWriter struct{ http.ResponseWriter }

func TestStreamNeedsFlush(t *testing.T) {
	w := httptest.NewRecorder()
	inspect.Handler().ServeHTTP(plainWriter{w}, httptest.NewRequest("GET", "/?format=events", nil))
	assert.Equal(t, http.StatusNotImplemented, w.Code)
	assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	w = httptest.NewRecorder()
	inspect.Handler().ServeHTTP(plainWriter{w}, httptest.NewRequest("GET", "/", nil))
	assert.Equal(t, http.StatusOK, w.Code)
}

func TestStreamIsNotForProxies(t *testing.T) {
	server := httptest.NewServer(inspect.Handler())
	t.Cleanup(server.Close)
	res, err := http.Get(server.URL + "?format=events")
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, "no-store, no-transform", res.Header.Get("Cache-Control"))
	assert.Equal(t, "no", res.Header.Get("X-Accel-Buffering"))
}

func TestDataIsNotForOtherSites(t *testing.T) {
	for _, test := range []struct {
		target, site string
		code         int
	}{
		{"/", "cross-site", 200}, // A link.
		{"/?format=json", "cross-site", 403},
		{"/?format=events", "cross-site", 403},
		{"/?format=json", "same-origin", 200},
		{"/?format=json", "none", 200},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", test.target, nil)
		r.Header.Set("Sec-Fetch-Site", test.site)
		inspect.Handler().ServeHTTP(w, r)
		assert.Equal(t, test.code, w.Code, test)
	}
}

// A deadlines is a ResponseWriter that counts its deadlines. It requires one before
// a Flush.
type deadlines struct {
	*httptest.ResponseRecorder
	t *testing.T
	n int
}

func (d *deadlines) SetWriteDeadline(time.Time) error { d.n++; return nil }

func (d *deadlines) FlushError() error {
	assert.Positive(d.t, d.n, "a deadline before the Flush")
	return nil
}

func TestStreamHasADeadlineBeforeItsFirstByte(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/?format=events", nil)
	inspect.Handler().ServeHTTP(&deadlines{ResponseRecorder: httptest.NewRecorder(), t: t}, r)
}

// TestStreamOutlivesTheWriteTimeout has a server whose answers must end soon.
func TestStreamOutlivesTheWriteTimeout(t *testing.T) {
	publish(t, "a", event.New(1))
	server := httptest.NewUnstartedServer(inspect.Handler())
	server.Config.WriteTimeout = time.Millisecond
	server.Config.ReadTimeout = time.Second
	server.Start()
	t.Cleanup(server.Close)
	s := openStream(t, server.URL)
	for range 4 {
		s.next()
	}
}
