package remote_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

func TestEndedContextWritesNothing(t *testing.T) {
	f := new(remotetest.Fake)
	v := remote.NewValue(f, "key", remote.String())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := v.Set(ctx, "a")
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, remote.ErrUnknownOutcome)
	all, _ := f.Content()
	assert.Empty(t, all)
}

func TestCompareAndSet(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		w, ctx := v.Watch(), t.Context()
		first, err := v.CompareAndSet(ctx, get(t, w).Revision, "a") // of what is absent
		require.NoError(t, err)
		_, err = v.CompareAndSet(ctx, 0, "b")
		require.ErrorIs(t, err, remote.ErrConflict)
		_, err = v.CompareAndSet(ctx, first, "c")
		require.NoError(t, err)
		_, err = v.CompareAndSet(ctx, first, "d")
		require.ErrorIs(t, err, remote.ErrConflict)
		_, err = v.CompareAndDelete(ctx, first)
		require.ErrorIs(t, err, remote.ErrConflict)
		e := get(t, w)
		assert.Equal(t, "c", e.Value)
		_, err = v.CompareAndDelete(ctx, e.Revision)
		require.NoError(t, err)
		e = get(t, w)
		assert.False(t, e.Present)
		_, err = v.CompareAndSet(ctx, e.Revision, "e")
		require.NoError(t, err, "the revision of what was deleted is that of absence")
	})
}

func TestUnencodableValueIsNotWritten(t *testing.T) {
	f := new(remotetest.Fake)
	v := remote.NewValue(f, "key", remote.JSON[func()]())
	_, err := v.Set(t.Context(), func() {})
	require.ErrorIs(t, err, remote.ErrBadValue)
	all, _ := f.Content()
	assert.Empty(t, all)
}

func TestUnknownOutcome(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		lost := errors.New("lost")
		f.LoseAnswer(lost)
		_, err := v.Set(t.Context(), "a")
		require.ErrorIs(t, err, remote.ErrUnknownOutcome)
		require.ErrorIs(t, err, lost)
		assert.Equal(t, "a", get(t, v.Watch()).Value)
	})
}

func TestRangeWrites(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		ctx, w := t.Context(), r.Watch()
		a, err := r.Set(ctx, "p/a", "1")
		require.NoError(t, err)
		_, err = r.CompareAndSet(ctx, "p/b", 0, "1")
		require.NoError(t, err)
		_, err = r.CompareAndSet(ctx, "p/a", a+1, "2")
		require.ErrorIs(t, err, remote.ErrConflict)
		last, err := r.CompareAndSet(ctx, "p/a", a, "2")
		require.NoError(t, err)
		require.NoError(t, r.Sync(ctx, last))
		assert.Equal(t, "* b=1 a=2", words(backlog(t, w)))
		_, err = r.Delete(ctx, "p/b")
		require.NoError(t, err)
		_, err = r.CompareAndDelete(ctx, "p/a", a)
		require.ErrorIs(t, err, remote.ErrConflict)
		_, err = r.CompareAndDelete(ctx, "p/a", last)
		require.NoError(t, err)
		assert.Equal(t, "b- a-", pending(t, w))
		s, err := r.Status().Watch().Get(ctx)
		require.NoError(t, err)
		assert.Equal(t, remote.Connected, s.State)
	})
}
