package event_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

func TestZeroMemoryValueHoldsNoData(t *testing.T) {
	var v event.MemoryValue[int]
	for range 2 { // Before and after the first use.
		n, ok := v.Load()
		assert.False(t, ok)
		assert.Zero(t, n)
		w := v.Watch()
		nothing(t, w)
		assert.True(t, opened(w.Changed()))
	}
	v.Set(0)
	_, ok := v.Load()
	assert.True(t, ok, "a zero that was set is data")
}

func TestNewHoldsData(t *testing.T) {
	for _, n := range []int{7, 0} {
		v := event.New(n)
		got, ok := v.Load()
		assert.True(t, ok)
		assert.Equal(t, n, got)
		w := v.Watch()
		assert.Equal(t, 1, behind(t, w), "as if it had been set")
		has(t, w, n)
		v.Set(8)
		has(t, w, 8)
		assert.Equal(t, 2, version(t, w))
	}
}

func TestErrIsTheEnd(t *testing.T) {
	cause := errors.New("cause")
	for name, c := range map[string]struct {
		close func(*event.MemoryValue[int]) error
		want  error
	}{
		"Close":          {(*event.MemoryValue[int]).Close, event.ErrClosed},
		"CloseWithError": {func(v *event.MemoryValue[int]) error { return v.CloseWithError(cause) }, cause},
	} {
		var v event.MemoryValue[int]
		assert.NoError(t, v.Err(), name)
		v.Set(1)
		w := v.Watch()
		assert.NoError(t, v.Err(), name)
		_ = c.close(&v)
		assert.ErrorIs(t, v.Err(), event.ErrClosed, name)
		assert.ErrorIs(t, v.Err(), c.want, name)
		has1, err := w.Get(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, 1, has1)
		_, err = w.Get(t.Context())
		assert.Same(t, err, v.Err(), name, "it is what a watcher gets")
		_ = v.CloseWithError(errors.New("another"))
		v.Set(2)
		assert.Same(t, err, v.Err(), name)
	}
}

// TestErrTellsWhetherASetWasPublished sets beside a Close, with each schedule that comes up.
func TestErrTellsWhetherASetWasPublished(t *testing.T) {
	rounds := 20000
	if testing.Short() {
		rounds = 2000
	}
	for range rounds {
		var v event.MemoryValue[int]
		v.Set(1)
		var closing sync.WaitGroup
		closing.Go(func() { _ = v.Close() })
		before := v.Err()
		v.Set(2)
		after := v.Err()
		n, _ := v.Load()
		if before != nil && !assert.Equal(t, 1, n, "dropped") || after == nil && !assert.Equal(t, 2, n, "published") {
			return
		}
		closing.Wait()
	}
}

func ExampleNew() {
	level := event.New("info") // A watcher never waits for the first value.

	w := level.Watch()
	defer w.Close()
	fmt.Println(w.Get(context.Background()))
	// Output: info <nil>
}

// A producer stops once nobody will see what it sets.
func ExampleMemoryValue_Err() {
	var ticks event.MemoryValue[int]
	n := 0
	for ticks.Err() == nil {
		n++
		ticks.Set(n)
		if n == 3 {
			ticks.Close()
		}
	}
	fmt.Println(n, ticks.Err())
	// Output: 3 event: value closed
}

func TestUpdateReturnsWhatItPublished(t *testing.T) {
	var v event.MemoryValue[int]
	w := v.Watch()
	for _, c := range []struct {
		publish bool
		want    int
		data    bool // of the value that f is called with
	}{{false, 0, false}, {true, 10, false}, {false, 10, true}, {true, 20, true}} {
		changed := w.Changed()
		n, published := v.Update(func(old int, ok bool) (int, bool) {
			assert.Equal(t, c.data, ok)
			return old + 10, c.publish
		})
		assert.Equal(t, c.publish, published)
		assert.Equal(t, c.want, n)
		assert.Equal(t, c.publish, !opened(changed))
		if c.publish {
			has(t, w, c.want)
		}
	}
}

func TestPanicOfAnUpdatePublishesNothing(t *testing.T) {
	var v event.MemoryValue[int]
	v.Set(1)
	w := v.Watch()
	has(t, w, 1)
	assert.PanicsWithValue(t, "boom", func() { v.Update(func(int, bool) (int, bool) { panic("boom") }) })
	nothing(t, w)
	v.Set(2)
	has(t, w, 2)
}

func TestClosedValueKeepsItsFinalValue(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	var v event.MemoryValue[int]
	v.Set(1)
	seen, behind := v.Watch(), v.Watch()
	has(t, seen, 1)
	assert.NoError(t, v.CloseWithError(first))
	v.Set(2)
	n, published := v.Update(func(int, bool) (int, bool) { t.Error("called after Close"); return 3, true })
	assert.False(t, published)
	assert.Equal(t, 1, n)
	assert.NoError(t, v.CloseWithError(second))
	n, ok := v.Load()
	assert.True(t, ok)
	assert.Equal(t, 1, n)
	for _, w := range []event.Watcher[int]{behind, v.Watch()} {
		n, err := now(t, w)
		assert.NoError(t, err)
		assert.Equal(t, 1, n)
	}
	for _, w := range []event.Watcher[int]{seen, behind} {
		for range 2 {
			_, err := now(t, w)
			assert.ErrorIs(t, err, event.ErrClosed)
			assert.ErrorIs(t, err, first)
			assert.NotErrorIs(t, err, second)
		}
	}
}

// An end that is passed from value to value stays what it is.
func TestCloseWithAnEnd(t *testing.T) {
	cause := errors.New("cause")
	var first event.MemoryValue[int]
	_ = first.CloseWithError(cause)
	_, end := now(t, first.Watch())
	for name, want := range map[string]error{
		"ErrClosed":       event.ErrClosed,
		"EndWithCause":    end,
		"EndOfASource":    &event.SourceError{Index: 1, Err: end},
		"WrapsErrClosed":  fmt.Errorf("my own text: %w", event.ErrClosed),
		"JoinedErrClosed": errors.Join(cause, event.ErrClosed),
	} {
		given := want
		for range 3 {
			var v event.MemoryValue[int]
			assert.NoError(t, v.CloseWithError(given))
			_, err := now(t, v.Watch())
			assert.True(t, err == want, "%s: %v", name, err)
			given = err
		}
	}
}

// A table that many read and few change is an immutable map, replaced by Update.
func ExampleMemoryValue_Update() {
	var members event.MemoryValue[map[string]bool]
	join := func(name string) {
		members.Update(func(old map[string]bool, _ bool) (map[string]bool, bool) {
			if old[name] {
				return nil, false // Nothing to do: no watcher is woken.
			}
			next := map[string]bool{name: true}
			for n := range old {
				next[n] = true
			}
			return next, true
		})
	}
	join("alice")
	join("bob")
	join("alice")
	m, _ := members.Load()
	fmt.Println(m)
	// Output: map[alice:true bob:true]
}

// The cause of a Close reaches every watcher.
func ExampleMemoryValue_CloseWithError() {
	errLease := errors.New("lease lost")
	var v event.MemoryValue[int]
	v.CloseWithError(errLease)

	w := v.Watch()
	defer w.Close()
	_, err := w.Get(context.Background())
	fmt.Println(errors.Is(err, event.ErrClosed), errors.Is(err, errLease))
	fmt.Println(err)
	// Output:
	// true true
	// event: value closed: lease lost
}
