package remote_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

func TestPiecesAreAppliedAsOne(t *testing.T) {
	scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
		change := func(val string, revision int64) []remote.Change {
			return []remote.Change{{Key: "key", Value: []byte(val), Revision: revision}}
		}
		w := v.Watch()
		state := func(want remote.State) {
			t.Helper()
			synctest.Wait()
			got, err := event.Wait(t.Context(), v.Status(), func(remote.Status) bool { return true })
			require.NoError(t, err)
			assert.Equal(t, want, got.State)
		}
		s.batches <- remote.Batch{More: true}
		s.batches <- remote.Batch{Full: true, More: true, Changes: change("void", 3)}
		state(remote.CatchingUp)
		waits(t, w)
		s.batches <- remote.Batch{Broken: errors.New("cable")}
		state(remote.Broken)
		s.batches <- remote.Batch{Full: true, More: true}
		s.batches <- remote.Batch{Revision: 2}
		assert.Equal(t, entry{Key: "key"}, get(t, w))
		state(remote.Connected)
		s.batches <- remote.Batch{Full: true, More: true, Changes: change("void", 3)}
		s.batches <- remote.Batch{Full: true, More: true, Changes: change("a", 4)}
		s.batches <- remote.Batch{More: true}
		waits(t, w)
		s.batches <- remote.Batch{Revision: 5}
		assert.Equal(t, entry{"key", "a", true, 4, false}, get(t, w))
		s.batches <- remote.Batch{Revision: 7, More: true, Changes: change("b", 6)}
		s.batches <- remote.Batch{Broken: errors.New("cable")}
		s.batches <- remote.Batch{Revision: 8}
		waits(t, w)
		s.batches <- remote.Batch{Revision: 9, Changes: append(change("c", 8), change("d", 9)...)}
		assert.Equal(t, entry{"key", "d", true, 9, false}, get(t, w))
	})
}

// TestFullStateReplacesAnUnfinishedOne begins a full state
// before another is complete. The keys of the unfinished one are void.
func TestFullStateReplacesAnUnfinishedOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		r := remote.NewRange(s, "p/", remote.String())
		defer r.Close()
		piece := func(key string) []remote.Change {
			return []remote.Change{{Key: key, Value: []byte("1"), Revision: 1}}
		}
		w := r.Watch()
		s.batches <- remote.Batch{Full: true, More: true, Changes: piece("p/a")}
		s.batches <- remote.Batch{Full: true, More: true, Changes: piece("p/b")}
		s.batches <- remote.Batch{Revision: 1, Changes: piece("p/c")}
		assert.Equal(t, "* b=1 c=1", pending(t, w))
	})
}

// TestDuplicatesAreDropped has a store that sends changes twice, against its
// contract.
func TestDuplicatesAreDropped(t *testing.T) {
	scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
		change := remote.Change{Key: "key", Value: []byte("a"), Revision: 1}
		gone := remote.Change{Key: "key", Deleted: true, Revision: 2}
		w := v.Watch()
		s.batches <- remote.Batch{Revision: 1, Full: true, Changes: []remote.Change{change}}
		assert.True(t, get(t, w).Present)
		s.batches <- remote.Batch{Revision: 1, Changes: []remote.Change{change}}
		waits(t, w)
		s.batches <- remote.Batch{Revision: 2, Changes: []remote.Change{gone}}
		assert.False(t, get(t, w).Present)
		s.batches <- remote.Batch{Revision: 2, Changes: []remote.Change{change, gone}}
		waits(t, w)
		s.batches <- remote.Batch{Revision: 2, Changes: []remote.Change{change}}
		waits(t, w)
	})
}
