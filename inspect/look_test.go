package inspect_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// A gate blocks functions until the test opens it.
type gate struct {
	open func()
	wait func()
}

func newGate(t *testing.T) gate {
	c := make(chan struct{})
	g := gate{sync.OnceFunc(func() { close(c) }), func() { <-c }}
	t.Cleanup(g.open)
	return g
}

// inGate returns the number of goroutines that wait at a gate.
func inGate() int {
	dump := make([]byte, 16<<20)
	return bytes.Count(dump[:runtime.Stack(dump, true)], []byte("inspect_test.newGate.func"))
}

// TestAFunctionThatDoesNotReturn looks again and again while a function of a view blocks.
func TestAFunctionThatDoesNotReturn(t *testing.T) {
	g := newGate(t)
	v := event.New(1)
	var blocks atomic.Bool
	view := event.Map(v, func(n int) int {
		if blocks.Load() {
			g.wait()
		}
		return n
	})
	publish(t, "blocks", view)
	other := event.New(1)
	publish(t, "other", other, inspect.Show(func(n int) string { return fmt.Sprint(n) }))
	require.Equal(t, uint64(1), find(t, "blocks").Version)
	blocks.Store(true)
	v.Set(2)
	for n := range 3 {
		other.Set(n)
		info := find(t, "blocks")
		assert.Equal(t, []any{"slow", uint64(1), true}, []any{info.State, info.Version, info.HasData}, "as of the look before")
		assert.False(t, info.Pending.IsZero())
		assert.Equal(t, fmt.Sprint(n), find(t, "other").Text, "another value is not held up")
		assert.Equal(t, 200, answer("GET", "/").Code)
		assert.Equal(t, 200, answer("GET", "/?format=json&value=blocks").Code)
		assert.Equal(t, 1, inGate(), "one look in flight")
	}
	blocks.Store(false) // The look waits at the gate, and reads it no more.
	g.open()
	require.Eventually(t, func() bool { return find(t, "blocks").Version == 2 }, time.Minute, time.Millisecond)
	info := find(t, "blocks")
	assert.Equal(t, "open", info.State)
	assert.True(t, info.Pending.IsZero())
}

// TestAPageOpensWhileAFunctionBlocks has a value the first look at which does not end.
func TestAPageOpensWhileAFunctionBlocks(t *testing.T) {
	server := httptest.NewServer(inspect.Handler())
	t.Cleanup(server.Close)
	g := newGate(t)
	publish(t, "blocks", event.New(1), inspect.Show(func(int) string { g.wait(); return "shown" }))
	publish(t, "other", event.New(1))
	for range 3 { // Each page is the first one, and starts a sampler.
		s := openStream(t, server.URL)
		first := s.next()
		require.Len(t, first.Values, 2)
		assert.Equal(t, "slow", first.Values[0].State)
		assert.Equal(t, "open", first.Values[1].State)
		_ = s.body.Close()
		noSampler(t)
		assert.Equal(t, 1, inGate(), "a page that has gone leaves no look behind")
	}
	g.open()
	require.Eventually(t, func() bool { return find(t, "blocks").Text == "shown" }, time.Minute, time.Millisecond)
}

// TestAFunctionThatEndsItsGoroutine looks at a value the function of which calls Goexit.
func TestAFunctionThatEndsItsGoroutine(t *testing.T) {
	publish(t, "exits", event.New(1), inspect.Show(func(int) string { runtime.Goexit(); return "" }))
	for range 2 {
		info := find(t, "exits")
		assert.Equal(t, "failing", info.State)
		assert.Contains(t, info.Problem, "ended its goroutine")
	}
}

// TestConcurrentLooksAreFresh looks from many goroutines. Each finds at least what was set
// before it began.
func TestConcurrentLooksAreFresh(t *testing.T) {
	v := event.New(0)
	publish(t, "v", v, inspect.Show(func(n int) string { return fmt.Sprint(n) }))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := range 300 {
				v.Set(n)
				_, version, _ := event.LoadVersion(v)
				if info := find(t, "v"); info.Pending.IsZero() && info.Version < version {
					t.Errorf("version %d, and %d was set before", info.Version, version)
				}
			}
		})
	}
	all.Wait()
}

// TestOneSlowValueHoldsUpNoOther has a call that finds looks of another call at two
// values. One of the looks ends.
func TestOneSlowValueHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, healthy := newGate(t), newGate(t)
		publish(t, "a", event.New(1), inspect.Show(func(int) string { slow.wait(); return "" }))
		publish(t, "b", event.New(1), inspect.Show(func(int) string { healthy.wait(); return "shown" }))
		go inspect.Values()
		synctest.Wait()
		found := make(chan inspect.Info)
		go func() { found <- find(t, "b") }()
		synctest.Wait()
		healthy.open()
		info := <-found
		assert.Equal(t, []any{"open", "shown"}, []any{info.State, info.Text})
	})
}

// A slowError is an error whose text takes long.
type slowError struct{ gate }

func (s slowError) Error() string { s.wait(); return "slow" }

// TestTheTextOfAnErrorTakesLong has a value without Show. Only its end has a function of the
// program.
func TestTheTextOfAnErrorTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t)
		v := event.New(1)
		publish(t, "v", v)
		v.Set(2)
		before := find(t, "v")
		_ = v.CloseWithError(slowError{g})
		assert.False(t, inspect.Direct("v").Ended, "its own goroutine does not wait")
		info := find(t, "v")
		assert.Equal(t, "slow", info.State)
		before.State, before.At, before.Pending = info.State, info.At, info.Pending
		assert.Equal(t, before, info)
		g.open()
		synctest.Wait()
		assert.Equal(t, "ended", find(t, "v").State)
	})
}

// TestAFailureHidesNoVersion has a function that fails after a success.
func TestAFailureHidesNoVersion(t *testing.T) {
	for name, fail := range map[string]func(){"panic": func() { panic("bad") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			v := event.New(1)
			publish(t, "v", event.Map(v, func(n int) int {
				if n == 3 {
					fail()
				}
				return n
			}))
			v.Set(2)
			before := find(t, "v")
			v.Set(3)
			for range 2 {
				info := find(t, "v")
				assert.Equal(t, "failing", info.State)
				assert.False(t, info.HasData)
				assert.Equal(t, []any{uint64(2), true, uint64(1), before.Seen}, []any{info.Version, info.Versioned, info.Sets, info.Seen})
			}
			v.Set(4)
			info := find(t, "v")
			assert.Equal(t, []any{"open", uint64(4), true}, []any{info.State, info.Version, info.HasData})
		})
	}
}
