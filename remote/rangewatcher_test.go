package remote_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// TestRangeBacklogOnlyNeverWaits has a store that has not answered yet.
func TestRangeBacklogOnlyNeverWaits(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		f.Cut(errors.New("cable"))
		put(t, f, "p/a", "1")
		w := r.Watch()
		for range 2 {
			assert.Empty(t, pending(t, w))
			assert.True(t, isOpen(w.Changed()))
		}
		f.Heal()
		assert.False(t, isOpen(w.Changed()))
		assert.Equal(t, "* a=1", pending(t, w))
	})
}

func TestRangeWatcherThatFellBehind(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		put(t, f, "p/stays", "1")
		for i := range remote.MinTombstones + 1 {
			put(t, f, fmt.Sprintf("p/%04d", i), "1")
		}
		w, up := r.Watch(), r.Watch()
		table := make(map[string]string)
		for _, e := range backlogOf(t, w) {
			e.Apply(table)
		}
		pending(t, up)
		assert.Len(t, table, remote.MinTombstones+2)
		for i := range remote.MinTombstones + 1 {
			remove(t, f, fmt.Sprintf("p/%04d", i))
			if i == remote.MinTombstones-1 {
				pending(t, up)
			}
		}
		put(t, f, "p/new", "1")
		synctest.Wait()
		assert.Equal(t, fmt.Sprintf("%04d- new=1", remote.MinTombstones), pending(t, up), "a watcher that keeps up gets each deletion")
		assert.Equal(t, restart, get(t, w))
		restart.Apply(table)
		assert.False(t, isOpen(w.Changed()))
		for _, e := range backlogOf(t, w) {
			e.Apply(table)
		}
		assert.Equal(t, map[string]string{"p/stays": "1", "p/new": "1"}, table)
	})
}

func TestRangeFilterAndBacklog(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w := r.Watch()
		b := event.Filter(func(e entry) bool { return e.Key == "p/b" })
		two := event.Filter(func(e entry) bool { return e.Value == "2" })
		put(t, f, "p/a", "1")
		put(t, f, "p/b", "1")
		assert.Equal(t, "b=1", pending(t, w, b))
		assert.Empty(t, pending(t, w), "what was rejected counts as seen")
		waits(t, w, b)
		put(t, f, "p/a", "2")
		waits(t, w, b)
		put(t, f, "p/b", "2")
		assert.Equal(t, "a=2 b=2", pending(t, w), "the wait that was given up consumed nothing")
		put(t, f, "p/a", "2")
		put(t, f, "p/b", "1")
		assert.Empty(t, pending(t, w, b, two), "all must accept")
	})
}

// TestRangeBacklogEnds has a predicate that writes a new value whenever it is
// called.
func TestRangeBacklogEnds(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w, asked := r.Watch(), 0
		put(t, f, "p/a", "1")
		all := pending(t, w, event.Filter(func(e entry) bool {
			asked++
			put(t, f, "p/b", fmt.Sprint(asked))
			synctest.Wait()
			return false
		}))
		assert.Empty(t, all)
		assert.LessOrEqual(t, asked, 2)
		assert.False(t, isOpen(w.Changed()))
		assert.Equal(t, fmt.Sprint("b=", asked), pending(t, w))
	})
}

// TestRangeWatcherClosedTwice checks that the second Close has no effect.
func TestRangeWatcherClosedTwice(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w, other := r.Watch(), r.Watch()
		pending(t, other)
		require.NoError(t, w.Close())
		require.NoError(t, w.Close())
		put(t, f, "p/a", "1")
		assert.Equal(t, "a=1", pending(t, other))
	})
}

// TestRangeLooksOnce has tombstones in the log that the watcher skips. It
// passes each of them once.
func TestRangeLooksOnce(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		pending(t, r.Watch())
		put(t, f, "p/a", "1")
		const gone = 10
		for i := range gone {
			put(t, f, fmt.Sprint("p/", i), "1")
			synctest.Wait()
			remove(t, f, fmt.Sprint("p/", i))
			synctest.Wait()
		}
		by, changed := r.Watch(), r.Watch()
		assert.Equal(t, "* a=1", words([]entry{get(t, by), get(t, by)}))
		assert.Equal(t, "* a=1", words([]entry{get(t, changed), get(t, changed)}))
		assert.LessOrEqual(t, gone, remote.Ahead(by))
		assert.Empty(t, pending(t, by))
		assert.Zero(t, remote.Ahead(by))
		assert.True(t, isOpen(changed.Changed()))
		assert.Zero(t, remote.Ahead(changed))
		put(t, f, "p/b", "1")
		assert.Equal(t, "b=1", pending(t, by))
		assert.Equal(t, "b=1", pending(t, changed))
	})
}

func TestRangeGetAllocatesNothing(t *testing.T) {
	const runs = 100
	f := new(remotetest.Fake)
	r := remote.NewRange(f, "p/", remote.String())
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range runs {
		put(t, f, fmt.Sprintf("p/%03d", i), "a")
	}
	w := r.Watch()
	require.NoError(t, r.Sync(ctx, runs))
	// One is the warm-up, and that gets the Restart.
	allocated := testing.AllocsPerRun(runs, func() {
		e, err := w.Get(ctx)
		if err != nil || !e.Restart && e.Value != "a" {
			t.Errorf("Get returns %+v, %v", e, err)
		}
	})
	assert.Zero(t, allocated)
}
