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

func TestSyncLetsReadYourWrites(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		w := v.Watch()
		for _, val := range []string{"a", "b", "c"} {
			revision, err := v.Set(t.Context(), val)
			require.NoError(t, err)
			require.NoError(t, v.Sync(t.Context(), revision))
			assert.Equal(t, val, get(t, w, event.BacklogOnly[entry]()).Value)
		}
		revision := put(t, f, "other", "x")
		require.NoError(t, v.Sync(t.Context(), revision), "the revision of a change elsewhere comes as well")
	})
}

func TestSyncUnwatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		c := &counting{Store: f}
		v := remote.NewValue(c, "key", remote.String())
		require.NoError(t, v.Sync(t.Context(), put(t, f, "key", "a")))
		synctest.Wait()
		running, _ := c.running.Load()
		assert.Zero(t, running, "it leaves nothing behind")
	})
}

func TestSyncWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		restore := f.Save()
		put(t, f, "key", "a")
		ctx, cancel := context.WithCancel(t.Context())
		canceled, reset, reached := make(chan error, 1), make(chan error, 1), make(chan error, 1)
		go func() { canceled <- v.Sync(ctx, 5) }()
		go func() { reached <- v.Sync(t.Context(), 2) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-canceled, context.Canceled)
		assert.Empty(t, reached)
		put(t, f, "key", "b")
		require.NoError(t, <-reached)
		go func() { reset <- v.Sync(t.Context(), 5) }()
		synctest.Wait()
		restore()
		require.ErrorIs(t, <-reset, remote.ErrReset)
	})
}

// TestSyncNoticesAResetThatWasMadeUpFor has the store be reset and then written to until it is
// past what Sync waits for. The key is again as it was before what was known.
func TestSyncNoticesAResetThatWasMadeUpFor(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *remotetest.Fake){
		"Written": func(t *testing.T, f *remotetest.Fake) { put(t, f, "key", "two") },
		"Deleted": func(t *testing.T, f *remotetest.Fake) { remove(t, f, "key") },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
				r := remote.NewRange(f, "k", remote.String())
				defer r.Close()
				put(t, f, "key", "base")
				restore := f.Save()
				change(t, f)
				get(t, v.Watch())
				pending(t, r.Watch())
				f.Cut(errors.New("cable"))
				put(t, f, "key", "three")
				byValue, byRange := make(chan error, 1), make(chan error, 1)
				go func() { byValue <- v.Sync(t.Context(), 3) }()
				go func() { byRange <- r.Sync(t.Context(), 3) }()
				synctest.Wait()
				restore()
				for range 3 {
					put(t, f, "other", "x")
				}
				f.Heal()
				assert.ErrorIs(t, <-byValue, remote.ErrReset)
				assert.ErrorIs(t, <-byRange, remote.ErrReset)
			})
		})
	}
}

// TestSyncTakesACompactionForNoReset has the whole state come again, and all that is new in it be newer.
func TestSyncTakesACompactionForNoReset(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		r := remote.NewRange(f, "", remote.String())
		defer r.Close()
		put(t, f, "gone", "a")
		put(t, f, "stays", "a")
		put(t, f, "key", "a")
		get(t, v.Watch())
		pending(t, r.Watch())
		f.Cut(errors.New("cable"))
		remove(t, f, "gone")
		put(t, f, "key", "b")
		byValue, byRange := make(chan error, 1), make(chan error, 1)
		go func() { byValue <- v.Sync(t.Context(), 5) }()
		go func() { byRange <- r.Sync(t.Context(), 5) }()
		synctest.Wait()
		f.Compact()
		f.Heal()
		assert.NoError(t, <-byValue)
		assert.NoError(t, <-byRange)
	})
}

func TestStatus(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		s := v.Status().Watch()
		defer s.Close()
		var since time.Time
		is := func(state remote.State, reason error) {
			t.Helper()
			synctest.Wait()
			got, err := s.Get(t.Context(), event.BacklogOnly[remote.Status]())
			require.NoError(t, err)
			assert.Equal(t, state, got.State, got.State)
			assert.Equal(t, reason, got.Reason)
			since = got.Since
		}
		is(remote.Idle, nil)
		w := v.Watch()
		is(remote.Connected, nil)
		cable, fire := errors.New("cable"), errors.New("fire")
		f.Cut(cable)
		is(remote.Broken, cable)
		broken := since
		put(t, f, "key", "a")
		time.Sleep(time.Hour)
		f.Heal()
		is(remote.Connected, nil)
		assert.Equal(t, time.Hour, since.Sub(broken))
		put(t, f, "key", "b")
		synctest.Wait()
		_, err := s.Get(t.Context(), event.BacklogOnly[remote.Status]())
		assert.Equal(t, event.BacklogDone, err, "changes are not news of the connection")
		require.NoError(t, w.Close())
		is(remote.Idle, nil)
		v.Watch()
		f.Refuse(fire)
		is(remote.Ended, fire)
		_, err = s.Get(t.Context())
		require.ErrorIs(t, err, fire)
		assert.Equal(t, "catching up broken", remote.CatchingUp.String()+" "+remote.Broken.String())
		assert.Equal(t, "unknown", remote.State(7).String())
	})
}

// scripted runs test in a bubble with a Value whose store says what it is told.
func scripted(t *testing.T, test func(t *testing.T, s *script, v *remote.Value[string])) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		v := remote.NewValue(s, "key", remote.String())
		test(t, s, v)
		require.NoError(t, v.Close())
	})
}

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
		s.say <- remote.Batch{More: true}
		s.say <- remote.Batch{Full: true, More: true, Changes: change("void", 3)}
		state(remote.CatchingUp)
		waits(t, w)
		s.say <- remote.Batch{Broken: errors.New("cable")}
		state(remote.Broken)
		s.say <- remote.Batch{Full: true, More: true}
		s.say <- remote.Batch{Revision: 2}
		assert.Equal(t, entry{Key: "key"}, get(t, w))
		state(remote.Connected)
		s.say <- remote.Batch{Full: true, More: true, Changes: change("void", 3)}
		s.say <- remote.Batch{Full: true, More: true, Changes: change("a", 4)}
		s.say <- remote.Batch{More: true}
		waits(t, w)
		s.say <- remote.Batch{Revision: 5}
		assert.Equal(t, entry{"key", "a", true, 4, false}, get(t, w))
		s.say <- remote.Batch{Revision: 7, More: true, Changes: change("b", 6)}
		s.say <- remote.Batch{Broken: errors.New("cable")}
		s.say <- remote.Batch{Revision: 8}
		waits(t, w)
		s.say <- remote.Batch{Revision: 9, Changes: append(change("c", 8), change("d", 9)...)}
		assert.Equal(t, entry{"key", "d", true, 9, false}, get(t, w))
	})
}

// TestAWholeStateBeginsAnew has one begin before another is concluded: what only that had is void.
func TestAWholeStateBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		r := remote.NewRange(s, "p/", remote.String())
		defer r.Close()
		piece := func(key string) []remote.Change {
			return []remote.Change{{Key: key, Value: []byte("1"), Revision: 1}}
		}
		w := r.Watch()
		s.say <- remote.Batch{Full: true, More: true, Changes: piece("p/a")}
		s.say <- remote.Batch{Full: true, More: true, Changes: piece("p/b")}
		s.say <- remote.Batch{Revision: 1, Changes: piece("p/c")}
		assert.Equal(t, "* b=1 c=1", pending(t, w))
	})
}

// TestBrokenSince has a connection break once, and be reported twice.
func TestBrokenSince(t *testing.T) {
	scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
		v.Watch()
		status := func(reason error) remote.Status {
			synctest.Wait()
			got, err := event.Wait(t.Context(), v.Status(), func(s remote.Status) bool { return s.Reason == reason })
			require.NoError(t, err)
			assert.Equal(t, remote.Broken, got.State)
			return got
		}
		cable, hub := errors.New("cable"), errors.New("hub")
		s.say <- remote.Batch{Broken: cable}
		first := status(cable)
		time.Sleep(time.Hour)
		s.say <- remote.Batch{Broken: hub}
		assert.Equal(t, first.Since, status(hub).Since)
	})
}

// TestDuplicatesAreDropped has a store say things twice, which it should not.
func TestDuplicatesAreDropped(t *testing.T) {
	scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
		change := remote.Change{Key: "key", Value: []byte("a"), Revision: 1}
		gone := remote.Change{Key: "key", Deleted: true, Revision: 2}
		w := v.Watch()
		s.say <- remote.Batch{Revision: 1, Full: true, Changes: []remote.Change{change}}
		assert.True(t, get(t, w).Present)
		s.say <- remote.Batch{Revision: 1, Changes: []remote.Change{change}}
		waits(t, w)
		s.say <- remote.Batch{Revision: 2, Changes: []remote.Change{gone}}
		assert.False(t, get(t, w).Present)
		s.say <- remote.Batch{Revision: 2, Changes: []remote.Change{change, gone}}
		waits(t, w)
		s.say <- remote.Batch{Revision: 2, Changes: []remote.Change{change}}
		waits(t, w)
	})
}

func TestAStoreThatBreaksItsPromise(t *testing.T) {
	t.Run("NoWholeState", func(t *testing.T) {
		scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
			w := v.Watch()
			s.say <- remote.Batch{Revision: 1}
			_, err := w.Get(t.Context())
			require.ErrorIs(t, err, event.ErrClosed)
			assert.ErrorContains(t, err, "whole state")
		})
	})
	t.Run("FollowReturnsNil", func(t *testing.T) {
		scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
			w := v.Watch()
			s.end <- nil
			_, err := w.Get(t.Context())
			require.ErrorIs(t, err, event.ErrClosed)
			assert.ErrorContains(t, err, "returned nil")
		})
	})
}

// TestAnOldSessionChangesNothing has a Follow go on for a while after nobody watched, when another has begun.
func TestAnOldSessionChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stubborn{fake: new(remotetest.Fake), ended: make(chan func(remote.Batch) error, 2), release: make(chan error)}
		v := remote.NewValue(s, "key", remote.String())
		put(t, s.fake, "key", "a")
		require.NoError(t, v.Watch().Close())
		old := <-s.ended
		w := v.Watch()
		assert.Equal(t, "a", get(t, w).Value)
		require.ErrorIs(t, old(remote.Batch{Full: true}), context.Canceled)
		s.release <- errors.New("some failure")
		waits(t, w)
		status, err := v.Status().Watch().Get(t.Context())
		require.NoError(t, err)
		assert.Equal(t, remote.Connected, status.State)
		require.NoError(t, v.Close())
		<-s.ended
		s.release <- errors.New("some failure")
	})
}

// A stubborn store's Follow ends only when it is released, with what is sent there.
type stubborn struct {
	remote.Store
	fake    *remotetest.Fake
	ended   chan func(remote.Batch) error
	release chan error
}

func (s *stubborn) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	_ = s.fake.Follow(ctx, scope, apply)
	s.ended <- apply
	return <-s.release
}
