package event_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

// behind returns the Behind of w, which must have one.
func behind(t *testing.T, w event.Watcher[int]) int {
	versions, ok := event.Behind(w)
	assert.True(t, ok)
	return int(versions)
}

// version returns the Version of w, which must have one.
func version(t *testing.T, w event.Watcher[int]) int {
	version, ok := event.Version(w)
	assert.True(t, ok)
	return int(version)
}

func TestBehind(t *testing.T) {
	var v event.MemoryValue[int]
	lag := func(w event.Watcher[int]) int { return behind(t, w) }
	w := v.Watch()
	assert.Zero(t, lag(w), "no data")
	for n := range 5 {
		v.Set(n)
	}
	assert.Equal(t, 5, lag(w))
	has(t, w, 4)
	assert.Zero(t, lag(w))
	v.Set(5)
	v.Set(5)
	assert.Equal(t, 2, lag(w))
	_, err := now(t, w, event.Filter(func(int) bool { return false }))
	assert.Equal(t, event.BacklogDone, err)
	assert.Zero(t, lag(w), "what was passed counts as seen")
	v.Set(6)
	mapped := event.Map(event.Distinct(&v), func(n int) int { return n }).Watch()
	assert.Equal(t, 8, lag(mapped))
	_ = v.Close()
	assert.Equal(t, 1, lag(w), "the end is no version")
	final, err := now(t, w)
	assert.NoError(t, err)
	assert.Equal(t, 6, final)
	assert.Zero(t, lag(w))
	_ = w.Close()
	assert.Zero(t, lag(w))
}

// waitingForMore returns, when it blocks, what reports the end of a Get of w that waits for more
// than 1.
func waitingForMore(t *testing.T, w event.Watcher[int]) <-chan error {
	done := make(chan error)
	go func() {
		_, err := w.Get(t.Context(), event.Filter(func(n int) bool { return n > 1 }))
		done <- err
	}()
	synctest.Wait()
	return done
}

func TestBehindAndVersionDuringAGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := v.Watch()
		v.Set(1)
		done := waitingForMore(t, w)
		assert.Equal(t, 1, behind(t, w))
		assert.Equal(t, 0, version(t, w), "what was rejected is not passed before the Get returns")
		v.Set(2)
		assert.NoError(t, <-done)
		assert.Zero(t, behind(t, w))
		assert.Equal(t, 2, version(t, w))
	})
}

func TestVersionIsWhatTheWatcherHasPassed(t *testing.T) {
	var v event.MemoryValue[int]
	w := v.Watch()
	none := event.Filter(func(int) bool { return false })
	assert.Zero(t, version(t, w), "nothing yet")
	for range 3 {
		v.Set(7)
	}
	assert.Zero(t, version(t, w))
	has(t, w, 7)
	assert.Equal(t, 3, version(t, w))
	v.Set(8)
	_, err := now(t, w, event.Filter(func(int) bool { assert.Equal(t, 3, version(t, w)); return false }))
	assert.Equal(t, event.BacklogDone, err)
	assert.Equal(t, 4, version(t, w), "passed by BacklogDone")
	v.Update(func(int, bool) (int, bool) { return 9, false })
	v.Update(func(int, bool) (int, bool) { return 9, true })
	ctx, cancel := context.WithCancel(t.Context())
	_, err = w.Get(ctx, event.Filter(func(int) bool { cancel(); return false }))
	assert.Equal(t, context.Canceled, err)
	assert.Equal(t, 4, version(t, w), "a Get that fails passes nothing")
	_ = v.Close()
	v.Set(10)
	_, err = w.Get(t.Context(), none)
	assert.Equal(t, event.ErrClosed, err)
	assert.Equal(t, 5, version(t, w), "passed by the end")
	_ = w.Close()
	assert.Equal(t, 5, version(t, w))
	assert.Zero(t, version(t, v.Watch()))
}

func TestVersionOfViews(t *testing.T) {
	var v event.MemoryValue[int]
	view := event.Map(event.Distinct(&v), func(n int) int { return -n })
	w := view.Watch()
	v.Set(1)
	v.Set(2)
	has(t, w, -2)
	assert.Equal(t, 2, version(t, w))
	v.Set(2)
	nothing(t, w)
	assert.Equal(t, 3, version(t, w), "what Distinct leaves out is passed, too")
	counts := v.Watchers().Watch()
	has(t, counts, 1)
	assert.Equal(t, 1, version(t, counts))

	for name, view := range map[string]event.ValueWatch[int]{
		"Combine":            event.Combine(&v, &v, func(a, b int) int { return a + b }),
		"Rate":               event.Rate(&v, time.Second),
		"Map of a Rate":      event.Map(event.Rate(&v, time.Second), func(n int) int { return n }),
		"from elsewhere":     unloadable{&v},
		"Map from elsewhere": event.Map[int](unloadable{&v}, func(n int) int { return n }),
	} {
		w := view.Watch()
		_, ok := event.Version(w)
		assert.False(t, ok, name)
		_, ok = event.Behind(w)
		assert.False(t, ok, name)
		_, _, ok = event.LoadVersion(view)
		assert.False(t, ok, name)
		_ = w.Close()
	}
}

// numbered is a value from elsewhere whose watchers have versions.
type numbered struct{ event.ValueWatch[int] }

type numberedWatcher struct{ event.Watcher[int] }

func (numberedWatcher) Behind() (uint64, bool)  { return 3, true }
func (numberedWatcher) Version() (uint64, bool) { return 4, true }

func (n numbered) Watch() event.Watcher[int] { return numberedWatcher{n.ValueWatch.Watch()} }

func TestVersionOfWatchersFromElsewhere(t *testing.T) {
	var v event.MemoryValue[int]
	for _, view := range []event.ValueWatch[int]{numbered{&v}, event.Map[int](numbered{&v}, func(n int) int { return n })} {
		w := view.Watch()
		assert.Equal(t, 3, behind(t, w))
		assert.Equal(t, 4, version(t, w))
	}
}

// counted is a value from elsewhere that has versions.
type counted struct{ event.ValueWatch[int] }

func (counted) Load() (int, bool)                { return 5, true }
func (counted) LoadVersion() (int, uint64, bool) { return 5, 7, true }

func TestLoadVersionOfAValueFromElsewhere(t *testing.T) {
	c := counted{new(event.MemoryValue[int])}
	view := event.Distinct(event.Map[int](c, func(n int) int { return n }))
	for _, v := range []event.ValueWatch[int]{c, view} {
		n, version, ok := event.LoadVersion(v)
		assert.Equal(t, []any{5, uint64(7), true}, []any{n, version, ok})
	}
}

// shouting is a value that embeds a MemoryValue and has a Load of its own.
type shouting struct{ *event.MemoryValue[int] }

func (s shouting) Load() (int, bool) { n, ok := s.MemoryValue.Load(); return 100 * n, ok }

func TestLoadVersion(t *testing.T) {
	var v event.MemoryValue[int]
	check := func(want, wantVersion int, wantOK bool) {
		t.Helper()
		for sign, view := range map[int]event.ValueWatch[int]{1: &v, -1: event.Map(&v, func(n int) int { return -n })} {
			n, version, ok := event.LoadVersion(view)
			assert.Equal(t, []any{sign * want, wantVersion, wantOK}, []any{n, int(version), ok})
		}
	}
	check(0, 0, false)
	v.Watch()
	check(0, 0, false)
	v.Set(5)
	v.Set(6)
	check(6, 2, true)
	_ = v.Close()
	check(6, 2, true)

	n, version, ok := event.LoadVersion(v.Watchers())
	assert.Equal(t, []any{1, uint64(1), true}, []any{n, version, ok})
	ended := new(event.MemoryValue[int])
	_ = ended.Close()
	_, _, ok = event.LoadVersion(ended)
	assert.False(t, ok, "ended without data")
	_, _, ok = event.LoadVersion(event.Combine(&v, &v, paired))
	assert.False(t, ok)
	_, _, ok = event.LoadVersion(shouting{&v})
	assert.False(t, ok, "its Load may be another")
	load(t, "embedded", event.Map(shouting{&v}, func(n int) int { return n }), 600, true)
}

func ExampleVersion() {
	var flags event.MemoryValue[string]
	w := flags.Watch()
	defer w.Close()
	flags.Set("a")
	flags.Set("b")

	fmt.Println(w.Get(context.Background()))
	fmt.Println(event.Version(w))
	// Output:
	// b <nil>
	// 2 true
}

func ExampleBehind() {
	var jobs event.MemoryValue[int]
	w := jobs.Watch()
	defer w.Close()
	for n := range 5 {
		jobs.Set(n)
	}
	fmt.Println(event.Behind(w))
	// Output: 5 true
}

// A cache keeps what it has made of a value with the version of that value.
func ExampleLoadVersion() {
	var page event.MemoryValue[string]
	page.Set("draft")
	page.Set("final")

	text, version, ok := event.LoadVersion(&page)
	fmt.Println(text, version, ok)
	// Output: final 2 true
}
