package remote_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// TestRangeMemory has many keys come and go that nobody looks at.
func TestRangeMemory(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w := r.Watch()
		for i := range 10 * remote.MaxTombstones {
			put(t, f, "p/same", fmt.Sprint(i))
			key := fmt.Sprintf("p/%05d", i)
			put(t, f, key, "1")
			remove(t, f, key)
			if i%100 == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		log, items := remote.LogSize(w)
		assert.LessOrEqual(t, items, remote.MaxTombstones+1)
		assert.LessOrEqual(t, log, 2*(remote.MaxTombstones+1)+16)
	})
}

// TestRangeLooksOnce has places in the log that are nothing to a watcher: it passes them once.
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
