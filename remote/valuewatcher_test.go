package remote_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

func TestBacklogOnlyWaitsForTheFirstState(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "a")
		f.Cut(errors.New("cable"))
		w, filtered := v.Watch(), v.Watch()
		no := event.Filter(func(entry) bool { return false })
		waits(t, w, event.BacklogOnly[entry]())
		waits(t, filtered, event.BacklogOnly[entry](), no)
		f.Heal()
		assert.Equal(t, "a", get(t, w, event.BacklogOnly[entry]()).Value)
		assert.Empty(t, backlog(t, w))
		_, err := filtered.Get(t.Context(), event.BacklogOnly[entry](), no)
		assert.Equal(t, event.BacklogDone, err)
		assert.Empty(t, backlog(t, filtered), "what was rejected counts as seen")
	})
}

// TestBacklogOnlyWaitsAndRejects has a Get that waits for the first state and
// rejects it.
func TestBacklogOnlyWaitsAndRejects(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		f.Cut(errors.New("cable"))
		w, got := v.Watch(), make(chan error)
		go func() {
			_, err := w.Get(t.Context(), event.BacklogOnly[entry](), event.Filter(func(entry) bool { return false }))
			got <- err
		}()
		synctest.Wait()
		f.Heal()
		assert.Equal(t, event.BacklogDone, <-got)
		assert.True(t, isOpen(w.Changed()))
	})
}

func TestGetAllocatesNothing(t *testing.T) {
	f := new(remotetest.Fake)
	v := remote.NewValue(f, "key", remote.String())
	defer v.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	put(t, f, "key", "a")
	const runs = 100
	ws := make([]event.Watcher[entry], 0, runs+1)
	for range cap(ws) {
		ws = append(ws, v.Watch())
	}
	require.NoError(t, v.Sync(ctx, 1))
	i := 0
	allocated := testing.AllocsPerRun(runs, func() {
		e, err := ws[i].Get(ctx)
		if err != nil || e.Value != "a" {
			t.Errorf("Get returns %+v, %v", e, err)
		}
		i++
	})
	assert.Zero(t, allocated)
}

// A view over values of this package waits for them without a goroutine.
func TestCombineStartsNoGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "a")
		var other event.MemoryValue[string]
		other.Set("b")
		both := func(e entry, s string) string { return e.Value + s }
		w := event.Combine(event.Map(v, func(e entry) entry { return e }), &other, both).Watch()
		defer w.Close()
		val, err := w.Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "ab", val)
		before := testkit.Goroutines()
		changed, got := w.Changed(), make(chan string)
		go func() {
			val, _ := w.Get(t.Context())
			got <- val
		}()
		synctest.Wait()
		assert.True(t, isOpen(changed))
		assert.Equal(t, before+1, testkit.Goroutines())
		put(t, f, "key", "c")
		assert.Equal(t, "cb", <-got)
		<-changed
	})
}
