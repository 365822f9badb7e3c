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

// TestBacklogOnlyNeverWaits has a store that has not answered yet.
func TestBacklogOnlyNeverWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "a")
		f.Cut(errors.New("cable"))
		w, filtered := v.Watch(), v.Watch()
		no := event.Filter(func(entry) bool { return false })
		for range 2 {
			assert.Empty(t, pending(t, w))
			assert.Empty(t, pending(t, filtered, no))
			assert.True(t, isOpen(w.Changed()))
		}
		f.Heal()
		assert.False(t, isOpen(w.Changed()))
		assert.Equal(t, "key=a", pending(t, w))
		assert.Empty(t, pending(t, filtered, no))
		assert.Empty(t, pending(t, filtered), "what was rejected counts as seen")
	})
}

// TestCombineNoticesOtherSources has one source that no server has answered for,
// and another source that ends with a cause.
func TestCombineNoticesOtherSources(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		f.Cut(errors.New("cable"))
		var other event.MemoryValue[string]
		other.Set("b")
		w := event.Combine(v, &other, func(e entry, s string) string { return e.Value + s }).Watch()
		defer w.Close()
		_, err := w.Get(t.Context(), event.BacklogOnly[string]())
		assert.Equal(t, event.BacklogDone, err)
		got, cause := make(chan error), errors.New("done")
		go func() {
			_, err := w.Get(t.Context())
			got <- err
		}()
		synctest.Wait()
		require.NoError(t, other.CloseWithError(cause))
		require.ErrorIs(t, <-got, cause)
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
