package inspect_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// samplers returns the number of goroutines that sample or serve a stream.
func samplers() int {
	dump := make([]byte, 16<<20)
	dump = dump[:runtime.Stack(dump, true)]
	return bytes.Count(dump, []byte("inspect.(*run).sample(")) + bytes.Count(dump, []byte("inspect.(*handler).serveStream("))
}

// TestPagesThatNeverRead opens streams, the events of which are too long for the buffers of
// the connections, and reads none. They delay neither a producer nor a page that reads.
func TestPagesThatNeverRead(t *testing.T) {
	const pages = 200
	server := httptest.NewServer(inspect.HandlerWith(10*time.Second, time.Hour)) // No stream ends only because it is in doubt.
	t.Cleanup(server.Close)
	var vs [100]*event.MemoryValue[int]
	for i := range vs {
		vs[i] = event.New(i)
		publish(t, fmt.Sprint(i, strings.Repeat("long", 1000)), vs[i])
	}
	for range pages {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		_ = c.(*net.TCPConn).SetReadBuffer(1)
		_, err = io.WriteString(c, "GET /?format=events HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return samplers() >= pages+1 }, time.Minute, time.Millisecond)
	s := openStream(t, server.URL)
	last := s.next()
	for range 5 {
		for _, v := range vs {
			v.Set(0)
		}
		e := s.next()
		assert.True(t, e.At.After(last.At))
		last = e
	}
	_ = s.body.Close()
	require.Eventually(t, func() bool { // The pages end although their connections are open.
		for _, v := range vs {
			v.Set(0)
		}
		return samplers() == 0
	}, 2*time.Minute, 50*time.Millisecond)
}

type panics struct{}

func (panics) String() string { panic("no text") }
func (panics) Error() string  { panic("no error") }

// A selfPanic is an error the text of which is a panic of the error.
type selfPanic struct{ secret string }

func (s selfPanic) Error() string { panic(s) }

// A secret is no error. Package fmt would print it.
type secret struct{ text string }

func TestPanicsKeepSecrets(t *testing.T) {
	publish(t, "secret", event.New(secret{"hunter2"}), inspect.Show(func(s secret) string { panic(s) }))
	publish(t, "self", event.New(selfPanic{"hunter2"}), inspect.Show(func(s selfPanic) string { panic(s) }))
	assert.Equal(t, "panic: a value of type inspect_test.secret", find(t, "secret").Text)
	assert.Equal(t, "panic: an error of type inspect_test.selfPanic", find(t, "self").Text)
}

func TestFunctionsThatPanic(t *testing.T) {
	v := event.New(panics{})
	publish(t, "stringer", v, inspect.Show(func(p panics) string { return p.String() }))
	publish(t, "deep", v, inspect.Show(func(p panics) string { panic(p) }))
	publish(t, "map", event.Map(v, func(panics) int { panic("no value") }))
	publish(t, "nil", event.New[error](nil), inspect.Show(func(err error) string { return err.Error() }))
	publish(t, "long", event.New(1), inspect.Show(func(int) string { return strings.Repeat("ä", 1<<20) + "\xff" }))
	_ = v.CloseWithError(panics{})
	assert.Equal(t, "panic: no text", find(t, "stringer").Text)
	assert.Contains(t, find(t, "stringer").End, "no error")
	assert.Contains(t, find(t, "deep").Text, "panic")
	m := find(t, "map")
	assert.Equal(t, []any{"panic: no value", true, "ended", false}, []any{m.Problem, m.Failing, m.State, m.HasData})
	assert.Contains(t, find(t, "nil").Text, "nil pointer")
	long := find(t, "long").Text
	assert.Less(t, len(long), 70_000)
	assert.Contains(t, long, "bytes more")
	for _, target := range []string{"/", "/?format=json", "/?value=stringer", "/?value=map", "/?value=long"} {
		assert.Equal(t, 200, answer("GET", target).Code)
	}
}

// An odd value reports what JSON, HTML and metrics have no form of.
type odd struct{ *event.MemoryValue[int] }

var never = time.Date(20_000, 1, 1, 0, 0, 0, 0, time.FixedZone("odd", 30*60*60))

func (odd) InspectFile() (path, hash string, loaded time.Time, err error) {
	return "\xff", "\xff", never, errors.New("\xff")
}

func (odd) InspectConnection() (string, time.Time, map[string]uint64, error) {
	return "\xff", never, map[string]uint64{"\xff": 1}, errors.New("\xff")
}

func TestOddReports(t *testing.T) {
	server := httptest.NewServer(inspect.Handler())
	t.Cleanup(server.Close)
	publish(t, "odd", odd{event.New(1)})
	const cleaned = "\uFFFD"
	check := func(info inspect.Info) {
		assert.Equal(t, inspect.File{Path: cleaned, Hash: info.File.Hash, Err: cleaned}, *info.File)
		assert.Equal(t, inspect.Connection{State: cleaned, Reason: cleaned, Numbers: map[string]uint64{cleaned: 1}}, *info.Connection)
	}
	check(find(t, "odd"))
	check(openStream(t, server.URL).next().Values[0]) // The sampler is a goroutine that recovers from no panic.
	for _, target := range []string{"/", "/?format=json", "/?value=odd", "/?format=json&value=odd"} {
		assert.Equal(t, 200, answer("GET", target).Code)
	}
}

// TestFunctionsThatCallBack uses the package in functions that it calls. A look waits for
// itself, and then shows the value as it was before.
func TestFunctionsThatCallBack(t *testing.T) {
	v := event.New(1)
	depth := 0 // A look is the only caller.
	publish(t, "reentrant", v, inspect.Show(func(n int) string {
		if depth++; depth > 2 {
			return "deep"
		}
		unpublish, err := inspect.Publish("inner", v)
		if err == nil {
			defer unpublish()
		}
		w := inspect.Track("inner", v).Watch()
		defer w.Close()
		return fmt.Sprint(len(inspect.Values()))
	}))
	require.Eventually(t, func() bool { return find(t, "reentrant").Text == "2" }, time.Minute, time.Millisecond)
}

// TestPublishUnderLoad publishes, tracks, sets and looks at once.
func TestPublishUnderLoad(t *testing.T) {
	server := httptest.NewServer(inspect.Handler())
	t.Cleanup(server.Close)
	before := inspect.Groups()
	var v event.MemoryValue[string]
	publish(t, "shared", &v, inspect.Show(func(s string) string { return s }))
	s := openStream(t, server.URL)
	var all sync.WaitGroup
	const rounds = 300
	for g := range 8 {
		all.Go(func() {
			for i := range rounds {
				own := event.New(i)
				unpublish, err := inspect.Publish(fmt.Sprint("own", g, "-", i%3), own, inspect.UntilEnd[int]())
				if err != nil {
					t.Error(err)
				}
				w := inspect.Track("own", own).Watch()
				shared := inspect.Track("shared", &v).Watch()
				v.Set(fmt.Sprint(i))
				if _, err := w.Get(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := shared.Get(t.Context()); err != nil {
					t.Error(err)
				}
				_, _ = w.Close(), shared.Close()
				if i%2 == 0 {
					_ = own.Close()
				}
				unpublish()
			}
		})
	}
	for range 4 {
		all.Go(func() {
			for i := range rounds {
				target := [...]string{"/", "/?format=json", "/?value=shared", "/?format=json&value=shared"}[i%4]
				if w := answer("GET", target); w.Code != 200 {
					t.Error(w.Code, w.Body)
				}
			}
		})
	}
	all.Wait()
	assert.Equal(t, []string{"shared"}, names())
	assert.Equal(t, uint64(8*rounds), find(t, "shared").Version)
	for e := s.next(); ; e = s.next() {
		if len(e.Values) > 0 && e.Values[len(e.Values)-1].Version == 8*rounds {
			break
		}
	}
	assert.Equal(t, before, inspect.Groups())
	_ = s.body.Close()
	noSampler(t)
}
