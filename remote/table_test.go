package remote_test

import (
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

func TestRangeConflatesByKey(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w := r.Watch()
		get(t, w)
		put(t, f, "p/a", "1")
		put(t, f, "p/b", "1")
		put(t, f, "p/c", "1")
		synctest.Wait()
		assert.Equal(t, "p/a", get(t, w).Key)
		put(t, f, "p/b", "2")
		put(t, f, "p/a", "2")
		remove(t, f, "p/c")
		put(t, f, "p/d", "1")
		synctest.Wait()
		remove(t, f, "p/d")
		synctest.Wait()
		assert.Equal(t, "b=2 a=2 c-", pending(t, w), "w was never told of d")
		put(t, f, "p/c", "3")
		assert.Equal(t, "c=3", pending(t, w))
		assert.Equal(t, "* b=2 a=2 c=3", pending(t, r.Watch()), "a new watcher gets no tombstones")
	})
}

func TestRangeAfterACut(t *testing.T) {
	for _, compact := range []bool{false, true} {
		rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
			f.PieceSize = 2
			for _, key := range []string{"p/a", "p/b", "p/c", "p/d", "p/e"} {
				put(t, f, key, "1")
			}
			w := r.Watch()
			assert.Equal(t, "* a=1 b=1 c=1 d=1 e=1", pending(t, w))
			f.Cut(errors.New("cable"))
			put(t, f, "p/c", "2")
			remove(t, f, "p/d")
			remove(t, f, "p/a")
			put(t, f, "p/f", "1")
			if compact {
				f.Compact()
			}
			assert.Empty(t, pending(t, w))
			f.Heal()
			if compact { // When they were deleted is not known any more.
				assert.Equal(t, "a- d- c=2 f=1", pending(t, w))
			} else {
				assert.Equal(t, "c=2 d- a- f=1", pending(t, w))
			}
		})
	}
}

func TestRangeAfterAReset(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		put(t, f, "p/a", "1")
		put(t, f, "p/b", "1")
		restore := f.Save()
		put(t, f, "p/b", "2")
		put(t, f, "p/c", "2")
		w := r.Watch()
		assert.Equal(t, "* a=1 b=2 c=2", pending(t, w))
		restore()
		assert.Equal(t, "c- b=1", pending(t, w))
		put(t, f, "p/d", "3") // at the revision that b had
		assert.Equal(t, "d=3", pending(t, w))
	})
}

// TestRangeDeletionOfNothing sends a deletion of a key that the watcher has not
// seen.
func TestRangeDeletionOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		r := remote.NewRange(s, "p/", remote.String())
		defer r.Close()
		w := r.Watch()
		s.batches <- remote.Batch{Full: true}
		assert.Equal(t, restart, get(t, w))
		s.batches <- remote.Batch{Revision: 2, Changes: []remote.Change{{Key: "p/a", Deleted: true, Revision: 2}}}
		assert.Empty(t, pending(t, w))
	})
}

// fillRange writes n keys.
func fillRange(t *testing.T, f *remotetest.Fake, n int) {
	t.Helper()
	for i := range n {
		put(t, f, fmt.Sprintf("p/%05d", i), "1")
	}
}

// TestRangeReadsOn creates and deletes other keys while a watcher reads many
// keys, more often than the Range keeps deletions. The watcher must finish, and
// without another Restart.
func TestRangeReadsOn(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		const keys = 4 * remote.MinTombstones
		fillRange(t, f, keys)
		w := r.Watch()
		synctest.Wait()
		for n := 0; ; n++ {
			e, err := w.Get(t.Context(), event.BacklogOnly[entry]())
			if err == event.BacklogDone {
				assert.Equal(t, keys+1, n)
				return
			}
			require.NoError(t, err)
			require.True(t, n == 0 || !e.Restart, "Restart at entry %d", n)
			session := fmt.Sprint("p/session/", n)
			put(t, f, session, "1")
			synctest.Wait()
			remove(t, f, session)
			synctest.Wait()
		}
	})
}

// TestRangeMassDeletion deletes many keys at once. A watcher that is up to date
// gets the deletions, and not the keys that are left.
func TestRangeMassDeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys, gone = 4 * remote.MinTombstones, 2*remote.MinTombstones - 1
		s := newScript()
		r := remote.NewRange(s, "p/", remote.String())
		defer r.Close()
		w := r.Watch()
		all, deletions := make([]remote.Change, keys), make([]remote.Change, gone)
		for i := range all {
			all[i] = remote.Change{Key: fmt.Sprint("p/", i), Revision: 1}
		}
		for i := range deletions {
			deletions[i] = remote.Change{Key: all[i].Key, Deleted: true, Revision: 2}
		}
		s.batches <- remote.Batch{Full: true, Revision: 1, Changes: all}
		assert.Len(t, backlogOf(t, w), keys+1)
		s.batches <- remote.Batch{Revision: 2, Changes: deletions}
		got := backlogOf(t, w)
		assert.Len(t, got, gone)
		assert.False(t, got[0].Restart)
	})
}

// TestRangeMissedDeletion deletes, creates and deletes a key while a watcher
// that knows the key does not read. In between, the Range forgets deletions.
func TestRangeMissedDeletion(t *testing.T) {
	for _, forgets := range []bool{false, true} {
		rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
			put(t, f, "p/a", "1")
			w := r.Watch()
			assert.Equal(t, "* a=1", pending(t, w))
			remove(t, f, "p/a")
			synctest.Wait()
			want := "a-"
			if forgets {
				want = "*"
				for i := range remote.MinTombstones {
					put(t, f, fmt.Sprint("p/", i), "1")
					synctest.Wait()
					remove(t, f, fmt.Sprint("p/", i))
					synctest.Wait()
				}
			}
			put(t, f, "p/a", "2")
			synctest.Wait()
			remove(t, f, "p/a")
			assert.Equal(t, want, pending(t, w))
		})
	}
}

// TestRangeMemory writes and deletes many keys that the watcher never reads.
func TestRangeMemory(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w := r.Watch()
		for i := range 10 * remote.MinTombstones {
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
		assert.LessOrEqual(t, items, remote.MinTombstones+1)
		assert.LessOrEqual(t, log, 2*(remote.MinTombstones+1)+16)
	})
}
