package remote_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

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
		assert.Equal(t, "b=2 a=2 c- d-", pending(t, w))
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

// TestRangeMemory writes and deletes many keys that the watcher never reads.
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
