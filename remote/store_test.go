package remote_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

func TestBadKeysAreErrors(t *testing.T) {
	f, ctx := new(remotetest.Fake), t.Context()
	r := remote.NewRange(f, "p/", remote.String())
	for _, key := range []string{"", "p", "q/a"} {
		_, err := r.Set(ctx, key, "a")
		require.ErrorIs(t, err, remote.ErrKey, key)
		_, err = r.CompareAndSet(ctx, key, 0, "a")
		require.ErrorIs(t, err, remote.ErrKey, key)
		_, err = r.Delete(ctx, key)
		require.ErrorIs(t, err, remote.ErrKey, key)
		_, err = r.CompareAndDelete(ctx, key, 1)
		require.ErrorIs(t, err, remote.ErrKey, key)
	}
	v := remote.NewValue(f, "", remote.String())
	_, err := v.Set(ctx, "a")
	require.ErrorIs(t, err, remote.ErrKey)
	_, err = v.Watch().Get(ctx)
	require.ErrorIs(t, err, remote.ErrKey)
	require.ErrorIs(t, err, event.ErrClosed)
	all, _ := f.Content()
	assert.Empty(t, all)
}

func TestTheEmptyPrefixIsEveryKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		r := remote.NewRange(f, "", remote.String())
		defer r.Close()
		_, err := r.Set(t.Context(), "any", "1")
		require.NoError(t, err)
		_, err = r.Set(t.Context(), "", "1")
		require.ErrorIs(t, err, remote.ErrKey)
		assert.Equal(t, "* any=1", pending(t, r.Watch()))
	})
}
