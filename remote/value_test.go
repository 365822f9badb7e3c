package remote_test

import (
	"context"
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

// inBubble runs test in a bubble, with a store and the Value of "key" in it, which is closed in
// the end: the bubble ends only if that leaves no goroutine.
func inBubble(t *testing.T, test func(t *testing.T, f *remotetest.Fake, v *remote.Value[string])) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		v := remote.NewValue(f, "key", remote.String())
		test(t, f, v)
		require.NoError(t, v.Close())
	})
}

func TestAbsenceIsAState(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		w := v.Watch()
		assert.Equal(t, entry{Key: "key"}, get(t, w))
		waits(t, w)
		revision, err := v.Set(t.Context(), "a")
		require.NoError(t, err)
		assert.Equal(t, entry{Key: "key", Value: "a", Present: true, Revision: revision}, get(t, w))
		_, err = v.Delete(t.Context())
		require.NoError(t, err)
		assert.Equal(t, entry{Key: "key"}, get(t, w))
		again, err := v.Delete(t.Context())
		require.NoError(t, err)
		assert.Equal(t, revision+1, again, "nothing to delete: the store's revision")
		waits(t, w)
	})
}

func TestValueFollowsItsKeyOnly(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		w := v.Watch()
		get(t, w)
		put(t, f, "key2", "x")
		waits(t, w)
	})
}

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

// TestBacklogOnlyWaitsAndRejects has the first state come to a Get that waits for it and rejects it.
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

func TestBadValueLeavesTheWatcherUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		v := remote.NewValue(f, "key", remote.JSON[string]())
		defer v.Close()
		revision := put(t, f, "key", "no JSON")
		w := v.Watch()
		_, err := w.Get(t.Context())
		require.ErrorIs(t, err, remote.ErrBadValue)
		var bad *remote.BadValueError
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, "key", bad.Key)
		assert.Equal(t, revision, bad.Revision)
		assert.ErrorContains(t, err, `"key" at revision 1`)
		waits(t, w)
		put(t, f, "key", "also none")
		synctest.Wait()
		_, err = w.Get(t.Context(), event.Filter(func(entry) bool { return false }), event.BacklogOnly[entry]())
		require.ErrorIs(t, err, remote.ErrBadValue, "a Filter is not asked about what is no value")
		put(t, f, "key", `"good"`)
		assert.Equal(t, "good", get(t, w).Value)
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

// TestCompactionRepeatsNothing has the whole state come again with nothing new in it.
func TestCompactionRepeatsNothing(t *testing.T) {
	for _, val := range []string{"a", ""} {
		inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
			if val != "" {
				put(t, f, "key", val)
			}
			w := v.Watch()
			get(t, w)
			f.Cut(errors.New("cable"))
			put(t, f, "other", "x")
			f.Compact()
			f.Heal()
			assert.True(t, isOpen(w.Changed()))
			waits(t, w)
		})
	}
}

func TestResetGoesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		put(t, f, "key", "old")
		restore := f.Save()
		revision := put(t, f, "key", "new")
		w := v.Watch()
		assert.Equal(t, "new", get(t, w).Value)
		restore()
		assert.Equal(t, "old", get(t, w).Value)
		assert.Equal(t, revision, put(t, f, "key", "other"), "revisions come again")
		assert.Equal(t, entry{"key", "other", true, revision, false}, get(t, w))
	})
}

// TestResetUnderTheSameRevision has another value under the revision that the watcher has seen.
func TestResetUnderTheSameRevision(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		restore := f.Save()
		put(t, f, "key", "new")
		w := v.Watch()
		assert.Equal(t, "new", get(t, w).Value)
		f.Cut(errors.New("cable"))
		synctest.Wait()
		restore()
		put(t, f, "key", "other")
		f.Heal()
		assert.Equal(t, entry{"key", "other", true, 1, false}, get(t, w))
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

// TestNothingOldAfterAPause has nobody watch while the value changes.
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

// TestResetAfterADeletion has a key be written again at a revision before that of its deletion.
func TestResetAfterADeletion(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		restore := f.Save()
		r := remote.NewRange(f, "", remote.String())
		defer r.Close()
		w, all := v.Watch(), r.Watch()
		put(t, f, "key", "a")
		remove(t, f, "key")
		synctest.Wait()
		assert.Len(t, backlog(t, w), 1)
		backlog(t, all)
		restore()
		synctest.Wait()
		put(t, f, "key", "b")
		assert.Equal(t, "b", get(t, w).Value)
		assert.Equal(t, "b", get(t, all).Value)
	})
}
