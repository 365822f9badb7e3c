package event_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

func TestMemoWatcherReturnsTheErrorsOfItsSource(t *testing.T) {
	var v event.MemoryValue[int]
	calls := 0
	w := event.Memo[int](moodyVersions{&v}, func(n int) int { calls++; return -n }).Watch()
	v.Set(1)
	_, err := now(t, w)
	assert.Equal(t, errStore, err)
	n, err := now(t, w)
	assert.NoError(t, err)
	assert.Equal(t, -1, n)
	assert.Equal(t, 1, calls)
}

// moodyVersions is a moody value whose watchers have versions.
type moodyVersions struct{ event.ValueWatch[int] }

type moodyVersionsWatcher struct {
	*moodyWatcher
	of event.Watcher[int]
}

func (m moodyVersions) Watch() event.Watcher[int] {
	w := m.ValueWatch.Watch()
	return moodyVersionsWatcher{&moodyWatcher{Watcher: w}, w}
}

func (w moodyVersionsWatcher) Version() (uint64, bool) { return event.Version(w.of) }

func TestMemoWatcherOverAWatcherThatDoesNotKnowHowFarBehindItIs(t *testing.T) {
	var v event.MemoryValue[int]
	w := event.Memo[int](moodyVersions{&v}, func(n int) int { return -n }).Watch()
	_, ok := event.Behind(w)
	assert.False(t, ok)
	v.Set(1)
	_, _ = now(t, w)
	_, _ = now(t, w)
	assert.Equal(t, 1, version(t, w))
}

// Changed and Behind during a Get that has taken a value, and that fails then.
func TestMemoWatcherChangedDuringTheFunctionIsNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		f := newGated()
		w := event.Memo(&v, f.double).Watch()
		defer w.Close()
		v.Set(1)
		ctx, cancel := context.WithCancel(t.Context())
		running := get(ctx, w)
		changed := w.Changed()
		assert.True(t, opened(changed))
		assert.Equal(t, 1, behind(t, w))
		cancel()
		f.end <- struct{}{}
		running.fails(t, context.Canceled)
		assert.False(t, opened(changed))
		assert.False(t, opened(w.Changed()))
		has(t, w, 2)
		assert.True(t, opened(w.Changed()))
	})
}

// Thousands of results that fail and are superseded leave nothing.
func TestMemoWatcherLeavesNothing(t *testing.T) {
	var v event.MemoryValue[int]
	broken := false
	view := event.Memo(&v, func(n int) [1 << 10]byte {
		if broken {
			panic("boom")
		}
		return [1 << 10]byte{}
	})
	round := func() {
		w := view.Watch()
		defer w.Close()
		broken = true
		v.Set(1)
		assert.Panics(t, func() { _, _ = now(t, w) })
		broken = false
		_, err := now(t, w)
		require.NoError(t, err)
	}
	round()
	base := liveHeap()
	for range max(sized(5000), 500) {
		round()
	}
	heapWithin(t, base, 50_000)
}

// One Get runs the function and the others wait, many at a time.
func TestMemoWatcherAThousandWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		f := newGated()
		view := event.Memo(&v, f.double)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				w := view.Watch()
				defer w.Close()
				for n := 1; n <= 3; n++ {
					got, err := w.Get(t.Context())
					assert.NoError(t, err)
					assert.Equal(t, 2*n, got)
				}
			})
		}
		for n := 1; n <= 3; n++ {
			v.Set(n)
			synctest.Wait()
			assert.EqualValues(t, n, f.calls.Load())
			f.end <- struct{}{}
			synctest.Wait()
		}
		all.Wait()
	})
}

func TestMemoWatcherAllocations(t *testing.T) {
	var v event.MemoryValue[int]
	view := event.Memo(&v, func(n int) int { return -n })
	a, b := view.Watch(), view.Watch()
	kept := []event.GetOption[int]{event.BacklogOnly[int]()}
	assert.EqualValues(t, 2, testing.AllocsPerRun(100, func() {
		v.Set(1)
		_, _ = a.Get(t.Context())
		_, _ = b.Get(t.Context(), kept...)
	}), "the snapshot and the computation, however many watchers there are")
}

// A versioned is a value whose watchers have a Version and no Behind.
type versioned struct{ event.MemoryValue[int] }

func (v *versioned) Watch() event.Watcher[int] { return onlyVersioned{v.MemoryValue.Watch()} }

type onlyVersioned struct{ event.Watcher[int] }

func (w onlyVersioned) Version() (uint64, bool) { return event.Version(w.Watcher) }

func TestMemoOfWatchersWithoutBehind(t *testing.T) {
	var v versioned
	v.Set(1)
	w := event.Memo(&v, func(n int) int { return n }).Watch()
	defer w.Close()
	_, ok := event.Behind(w)
	assert.False(t, ok)
	_, ok = w.(interface{ Behind() (uint64, bool) }).Behind()
	assert.False(t, ok)
	version, ok := event.Version(w)
	assert.True(t, ok)
	assert.Zero(t, version)
}
