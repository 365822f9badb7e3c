package remote_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

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
		get(t, v.Watch())
		f.Cut(errors.New("cable"))
		put(t, f, "key", "b")
		ctx, cancel := context.WithCancel(t.Context())
		canceled, reset, reached := make(chan error, 1), make(chan error, 1), make(chan error, 1)
		go func() { canceled <- v.Sync(ctx, 2) }()
		go func() { reached <- v.Sync(t.Context(), 2) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-canceled, context.Canceled)
		assert.Empty(t, reached)
		f.Heal()
		require.NoError(t, <-reached)
		go func() { reset <- v.Sync(t.Context(), 5) }()
		synctest.Wait()
		restore()
		require.ErrorIs(t, <-reset, remote.ErrReset)
	})
}

// TestSyncReportsAResetAtAGreaterRevision resets the store and then writes
// until the revision is past the one that Sync waits for. The key returns to
// the state before the watchers' state.
func TestSyncReportsAResetAtAGreaterRevision(t *testing.T) {
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

// TestSyncIgnoresACompaction sends the full state again. All changes in it are
// newer than the state before.
func TestSyncIgnoresACompaction(t *testing.T) {
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

func TestContractViolationsCloseTheValue(t *testing.T) {
	t.Run("NoFullState", func(t *testing.T) {
		scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
			w := v.Watch()
			s.batches <- remote.Batch{Revision: 1}
			_, err := w.Get(t.Context())
			require.ErrorIs(t, err, event.ErrClosed)
			assert.ErrorContains(t, err, "full state")
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

// TestAnOldSessionChangesNothing has a Follow that goes on after its last
// watcher was closed, while another has begun.
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

// The Follow of a stubborn store returns only after the test sends an error to
// release. It returns that error.
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
