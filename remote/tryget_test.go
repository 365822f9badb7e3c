package remote_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// tried returns the entry of a TryGet as words, and whether there was one.
func tried(t *testing.T, w event.Watcher[entry], opts ...event.GetOption[entry]) (string, bool) {
	t.Helper()
	e, ok, err := event.TryGet(t.Context(), w, opts...)
	require.NoError(t, err)
	if !ok {
		return "", false
	}
	return words([]entry{e}), true
}

func TestTryGetOfAValueNeverWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "a")
		f.Cut(errors.New("cable"))
		w := v.Watch()
		_, ok := tried(t, w)
		assert.False(t, ok, "no server has answered")
		f.Heal()
		_, err := w.Get(t.Context())
		require.NoError(t, err)
		_, ok = tried(t, w)
		assert.False(t, ok)
		put(t, f, "key", "b")
		synctest.Wait()
		_, ok = tried(t, w, event.Filter(func(e entry) bool { return e.Value == "c" }))
		assert.False(t, ok)
		put(t, f, "key", "c")
		synctest.Wait()
		got, ok := tried(t, w)
		assert.True(t, ok)
		assert.Equal(t, "key=c", got)
		require.NoError(t, v.Close())
		_, ok, err = event.TryGet(t.Context(), w)
		assert.False(t, ok)
		assert.ErrorIs(t, err, event.ErrClosed)
	})
}

func TestTryGetOfARange(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		put(t, f, "p/a", "1")
		w := r.Watch()
		e, err := w.Get(t.Context())
		require.NoError(t, err)
		assert.True(t, e.Restart)
		got, ok := tried(t, w)
		assert.True(t, ok)
		assert.Equal(t, "a=1", got)
		_, ok = tried(t, w)
		assert.False(t, ok)
	})
}

func TestTryGetAllocatesNothing(t *testing.T) {
	f := new(remotetest.Fake)
	v, r := remote.NewValue(f, "key", remote.String()), remote.NewRange(f, "p/", remote.String())
	defer v.Close()
	defer r.Close()
	for name, w := range map[string]event.Watcher[entry]{"Value": v.Watch(), "Range": r.Watch()} {
		ctx := t.Context()
		_, err := w.Get(ctx)
		require.NoError(t, err)
		try := func() { _, _, _ = event.TryGet(ctx, w) }
		for range 3 {
			try()
		}
		assert.Zero(t, testing.AllocsPerRun(100, try), name)
		require.NoError(t, w.Close())
	}
}
