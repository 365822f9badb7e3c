package remote_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// syncing is what the tests of this file do with a Value, a Range, and a Value
// of the Range.
type syncing interface {
	event.ValueWatch[entry]
	Sync(ctx context.Context, revision int64) error
}

// forAll runs test with each kind of value over a store that has the key "p/a"
// at revision 1. follows counts the Follows of the store.
func forAll(t *testing.T, test func(t *testing.T, f *remotetest.Fake, follows *counting, v syncing)) {
	for name, open := range map[string]func(remote.Store) syncing{
		"Value":      func(s remote.Store) syncing { return remote.NewValue(s, "p/a", remote.String()) },
		"Range":      func(s remote.Store) syncing { return remote.NewRange(s, "p/", remote.String()) },
		"WholeRange": func(s remote.Store) syncing { return remote.NewRange(s, "", remote.String()) },
		"RangeValue": func(s remote.Store) syncing { return remote.NewRange(s, "p/", remote.String()).Value("p/a") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := new(remotetest.Fake)
				follows := &counting{Store: f}
				put(t, f, "p/a", "1")
				test(t, f, follows, open(follows))
				synctest.Wait()
				running, _ := follows.running.Load()
				assert.Zero(t, running, "nothing stays behind")
			})
		})
	}
}

// TestSyncOfAForeignRevision has a revision that the store never had, without
// and with a session in progress.
func TestSyncOfAForeignRevision(t *testing.T) {
	forAll(t, func(t *testing.T, f *remotetest.Fake, follows *counting, v syncing) {
		began := time.Now()
		err := v.Sync(t.Context(), 5)
		require.ErrorIs(t, err, remote.ErrRevision)
		assert.EqualError(t, err, "remote: the store has no such revision: 5, and the store is at 1")
		assert.Zero(t, time.Since(began))
		w := v.Watch()
		defer w.Close()
		synctest.Wait()
		require.ErrorIs(t, v.Sync(t.Context(), 5), remote.ErrRevision)
		assert.Equal(t, time.Second, time.Since(began), "it asks after a second")
		all, _ := follows.all.Load()
		assert.Equal(t, 3, all, "a Sync, a session and a question")
		require.NoError(t, v.Sync(t.Context(), 1))
	})
}

// TestSyncsShareQuestions starts many Syncs within two seconds. There is at most
// one question a second.
func TestSyncsShareQuestions(t *testing.T) {
	forAll(t, func(t *testing.T, f *remotetest.Fake, follows *counting, v syncing) {
		w := v.Watch()
		defer w.Close()
		synctest.Wait()
		const syncs = 200
		began, errs := time.Now(), make(chan error)
		for range syncs {
			go func() { errs <- v.Sync(t.Context(), 5) }()
			time.Sleep(10 * time.Millisecond)
		}
		for range syncs {
			require.ErrorIs(t, <-errs, remote.ErrRevision)
		}
		all, _ := follows.all.Load()
		assert.LessOrEqual(t, all-1, 3)
		assert.LessOrEqual(t, time.Since(began), 3*time.Second)
	})
}

// TestSyncsThatEndDoNotAskFaster has Syncs that end while they ask.
func TestSyncsThatEndDoNotAskFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &halting{Fake: new(remotetest.Fake), sessions: 1}
		follows := &counting{Store: s}
		v := remote.NewValue(follows, "key", remote.String())
		defer v.Close()
		get(t, v.Watch())
		began := time.Now()
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			go func() { defer cancel(); _ = v.Sync(ctx, 5) }()
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		all, _ := follows.all.Load()
		assert.LessOrEqual(t, all-1, int(time.Since(began)/time.Second))
		assert.Greater(t, all-1, 1)
	})
}

// A halting store is a Fake whose Follows send nothing, except the first ones.
type halting struct {
	*remotetest.Fake
	sessions int
}

func (h *halting) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	if h.sessions--; h.sessions >= 0 {
		return h.Fake.Follow(ctx, scope, apply)
	}
	<-ctx.Done()
	return ctx.Err()
}

// TestSyncWaitsForASlowSession has a session that is far behind the store. Each
// Sync asks the store once, and continues to wait.
func TestSyncWaitsForASlowSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowFirst{script: newScript(), fake: new(remotetest.Fake)}
		follows := &counting{Store: slow}
		v := remote.NewValue(follows, "key", remote.String())
		defer v.Close()
		w, synced := v.Watch(), make(chan error, 1)
		slow.script.batches <- remote.Batch{Full: true}
		get(t, w)
		for round := range 2 {
			revision := put(t, slow.fake, "key", "a")
			go func() { synced <- v.Sync(t.Context(), revision) }()
			time.Sleep(time.Hour)
			assert.Empty(t, synced)
			all, _ := follows.all.Load()
			assert.Equal(t, 2+round, all)
			slow.script.batches <- remote.Batch{Revision: revision}
			require.NoError(t, <-synced)
		}
	})
}

// The first Follow of a slowFirst store is scripted. The later ones are those of
// a Fake, after a lost connection.
type slowFirst struct {
	*script
	fake  *remotetest.Fake
	later bool
}

func (s *slowFirst) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	if !s.later {
		s.later = true
		return s.script.Follow(ctx, scope, apply)
	}
	for _, b := range []remote.Batch{{Broken: errCable}, {Full: true, More: true}} {
		if err := apply(b); err != nil {
			return err
		}
	}
	return s.fake.Follow(ctx, scope, apply)
}

// TestSyncOfAWriteBeforeAReset has a write that a noticed reset undoes. The
// store is past its revision when Sync is called.
func TestSyncOfAWriteBeforeAReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		r := remote.NewRange(f, "p/", remote.String())
		defer r.Close()
		v := remote.NewValue(f, "p/a", remote.String())
		defer v.Close()
		for _, v := range []interface {
			syncing
			Set(ctx context.Context, val string) (int64, error)
		}{v, r.Value("p/a")} {
			w := v.Watch()
			synctest.Wait()
			restore := f.Save()
			undone, err := v.Set(t.Context(), "undone")
			require.NoError(t, err)
			require.NoError(t, v.Sync(t.Context(), undone))
			restore()
			synctest.Wait()
			require.ErrorIs(t, v.Sync(t.Context(), undone), remote.ErrReset)
			put(t, f, "p/b", "x")
			put(t, f, "p/b", "x")
			synctest.Wait()
			require.ErrorIs(t, v.Sync(t.Context(), undone), remote.ErrReset)
			require.NoError(t, v.Sync(t.Context(), undone+1), "no write through v")
			require.NoError(t, w.Close())
			require.ErrorIs(t, v.Sync(t.Context(), undone), remote.ErrReset, "without a watcher, too")
		}
	})
}

// TestSyncOfAWriteAfterAReset has a write after a reset at the revision of one
// before.
func TestSyncOfAWriteAfterAReset(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		get(t, v.Watch())
		restore := f.Save()
		undone, err := v.Set(t.Context(), "undone")
		require.NoError(t, err)
		synctest.Wait()
		restore()
		synctest.Wait()
		require.ErrorIs(t, v.Sync(t.Context(), undone), remote.ErrReset)
		revision, err := v.Set(t.Context(), "again")
		require.NoError(t, err)
		require.Equal(t, undone, revision)
		require.NoError(t, v.Sync(t.Context(), revision))
	})
}

// TestSyncForgetsWrites has more writes than a Value keeps. It is not known that
// the first of them was undone.
func TestSyncForgetsWrites(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		get(t, v.Watch())
		restore := f.Save()
		for range remote.MaxWrites + 1 {
			_, err := v.Set(t.Context(), "undone")
			require.NoError(t, err)
		}
		synctest.Wait()
		restore()
		synctest.Wait()
		for range remote.MaxWrites + 1 {
			put(t, f, "other", "x")
		}
		require.NoError(t, v.Sync(t.Context(), 1))
		for revision := int64(2); revision <= remote.MaxWrites+1; revision++ {
			require.ErrorIs(t, v.Sync(t.Context(), revision), remote.ErrReset)
		}
	})
}

// TestSyncEndsWithTheValue closes what Sync waits for.
func TestSyncEndsWithTheValue(t *testing.T) {
	forAll(t, func(t *testing.T, f *remotetest.Fake, follows *counting, v syncing) {
		f.Cut(errCable)
		got, cause := make(chan error), errors.New("done")
		go func() { got <- v.Sync(t.Context(), 1) }()
		time.Sleep(time.Hour)
		all, _ := follows.all.Load()
		assert.Equal(t, 1, all, "the first full state of its own Follow will decide")
		require.NoError(t, v.(interface{ CloseWithError(error) error }).CloseWithError(cause))
		require.ErrorIs(t, <-got, cause)
		require.ErrorIs(t, v.Sync(t.Context(), 1), event.ErrClosed)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Equal(t, context.Canceled, v.Sync(ctx, 1))
	})
}

// TestSyncAsksAgain has a store whose first answer to a question is an error.
func TestSyncAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &failing{Fake: new(remotetest.Fake), fails: map[int]bool{2: true, 3: true}}
		v := remote.NewValue(s, "key", remote.String())
		defer v.Close()
		get(t, v.Watch())
		began := time.Now()
		require.ErrorIs(t, v.Sync(t.Context(), 5), remote.ErrRevision)
		assert.Equal(t, 3*time.Second, time.Since(began), "a question a second")
		assert.Equal(t, 4, s.all)
	})
}

// A failing store is a Fake some of whose Follows fail, by their numbers.
type failing struct {
	*remotetest.Fake
	fails map[int]bool
	all   int
}

func (f *failing) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	f.all++
	if f.fails[f.all] {
		return errCable
	}
	return f.Fake.Follow(ctx, scope, apply)
}

// TestSyncsFirstResultWins has several results that apply at once.
func TestSyncsFirstResultWins(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		get(t, v.Watch())
		restore := f.Save()
		undone, err := v.Set(t.Context(), "undone")
		require.NoError(t, err)
		synctest.Wait()
		restore()
		synctest.Wait()
		put(t, f, "other", "x")
		put(t, f, "other", "x")
		synctest.Wait()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.Equal(t, context.Canceled, v.Sync(ended, 0), "the context wins over a revision that is reached")
		require.ErrorIs(t, v.Sync(t.Context(), undone), remote.ErrReset, "a reset wins over a revision that is reached")
		require.NoError(t, v.Close())
		require.ErrorIs(t, v.Sync(t.Context(), undone), event.ErrClosed, "the end wins over a reset")
		require.Equal(t, context.Canceled, v.Sync(ended, undone), "the context wins over the end")
	})
}

// TestSyncChangesStatus has a Sync without a watcher.
func TestSyncChangesStatus(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		f.Cut(errCable)
		state := func() remote.State {
			synctest.Wait()
			s, err := v.Status().Watch().Get(t.Context())
			require.NoError(t, err)
			return s.State
		}
		assert.Equal(t, remote.Idle, state())
		synced := make(chan error)
		go func() { synced <- v.Sync(t.Context(), 0) }()
		assert.Equal(t, remote.Broken, state())
		f.Heal()
		require.NoError(t, <-synced)
		assert.Equal(t, remote.Idle, state())
	})
}
