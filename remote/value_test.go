package remote_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

func TestValueFollowsItsKeyOnly(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		w := v.Watch()
		get(t, w)
		put(t, f, "key2", "x")
		waits(t, w)
	})
}

func TestCutConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "a")
		w, slow := v.Watch(), v.Watch()
		get(t, w)
		f.Cut(errors.New("cable"))
		put(t, f, "key", "b")
		remove(t, f, "key")
		waits(t, w)
		assert.Equal(t, "a", get(t, v.Watch()).Value, "watchers keep what they have")
		f.Heal()
		assert.False(t, get(t, w).Present)
		waits(t, w)
		assert.False(t, get(t, slow).Present)
	})
}

func TestOneFollowForAllWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		c := &counting{Store: f}
		decoded := new(atomic.Int64)
		v := remote.NewValue[string](c, "key", countingCodec{remote.String(), decoded})
		for round := range 3 {
			put(t, f, "key", "a")
			var ws []event.Watcher[entry]
			for range 100 {
				ws = append(ws, v.Watch())
			}
			put(t, f, "key", "b")
			for _, w := range ws {
				get(t, w, event.Filter(func(e entry) bool { return e.Value == "b" }))
			}
			running, _ := c.running.Load()
			all, _ := c.all.Load()
			assert.Equal(t, 1, running)
			assert.Equal(t, round+1, all)
			for i, w := range ws {
				synctest.Wait()
				running, _ = c.running.Load()
				assert.Equal(t, 1, running, "watcher %d is still there", i)
				require.NoError(t, w.Close())
				require.NoError(t, w.Close())
			}
			synctest.Wait()
			running, _ = c.running.Load()
			assert.Equal(t, 0, running)
		}
		assert.LessOrEqual(t, decoded.Load(), int64(6))
	})
}

type countingCodec struct {
	remote.Codec[string]
	decoded *atomic.Int64
}

func (c countingCodec) Decode(data []byte) (string, error) {
	c.decoded.Add(1)
	return c.Codec.Decode(data)
}

// TestNothingOldAfterAPause changes the value while it has no watcher.
func TestNothingOldAfterAPause(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "a")
		w := v.Watch()
		get(t, w)
		require.NoError(t, w.Close())
		put(t, f, "key", "b")
		assert.Equal(t, "b", get(t, v.Watch()).Value)
	})
}

func TestEndsWithWhatTheStoreRefuses(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "a")
		w, late := v.Watch(), v.Watch()
		get(t, w)
		revoked := errors.New("permission revoked")
		f.Refuse(revoked)
		_, err := w.Get(t.Context())
		require.ErrorIs(t, err, event.ErrClosed)
		require.ErrorIs(t, err, revoked)
		assert.Equal(t, "a", get(t, late).Value, "the final value once")
		_, err = late.Get(t.Context())
		require.ErrorIs(t, err, revoked)
		_, err = v.Set(t.Context(), "b")
		require.ErrorIs(t, err, event.ErrClosed)
		require.ErrorIs(t, err, revoked)
		require.NoError(t, w.Close())
		require.NoError(t, late.Close())
		assert.Equal(t, "a", get(t, v.Watch()).Value)
	})
}

func TestClosedUnwatched(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "a")
		cause := errors.New("done")
		require.NoError(t, v.CloseWithError(cause))
		require.NoError(t, v.CloseWithError(errors.New("too late")))
		w := v.Watch()
		_, err := w.Get(t.Context(), event.BacklogOnly[entry]())
		require.ErrorIs(t, err, event.ErrClosed)
		require.ErrorIs(t, err, cause)
		require.ErrorIs(t, v.Sync(t.Context(), 1), cause)
		_, err = v.Delete(t.Context())
		require.ErrorIs(t, err, cause)
		all, _ := f.Content()
		assert.Len(t, all, 1)
	})
}
