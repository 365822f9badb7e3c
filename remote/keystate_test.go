package remote_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

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

// TestCompactionRepeatsNothing sends the full state again, without a change.
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

// TestResetUnderTheSameRevision has another value at the revision that the
// watcher has seen.
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

// TestResetAfterADeletion writes a key again at a revision before the one of
// its deletion.
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
