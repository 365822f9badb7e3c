package remote_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

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

// TestCatchingUp delivers a state before the changes after it are watched.
func TestCatchingUp(t *testing.T) {
	scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
		w := v.Watch()
		status := func() remote.State {
			synctest.Wait()
			got, err := v.Status().Watch().Get(t.Context())
			require.NoError(t, err)
			return got.State
		}
		s.batches <- remote.Batch{Full: true, Revision: 5, CatchingUp: true}
		assert.Equal(t, remote.CatchingUp, status())
		_, err := w.Get(t.Context())
		require.NoError(t, err, "the state is there")
		require.NoError(t, v.Sync(t.Context(), 5))
		s.batches <- remote.Batch{Revision: 5}
		assert.Equal(t, remote.Connected, status())
	})
}

// TestBrokenSince reports one lost connection twice.
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
		s.batches <- remote.Batch{Broken: cable}
		first := status(cable)
		time.Sleep(time.Hour)
		s.batches <- remote.Batch{Broken: hub}
		assert.Equal(t, first.Since, status(hub).Since)
	})
}

// TestConnectedOnlyWithTheFullState sends a full state in pieces, and loses the
// connection in between.
func TestConnectedOnlyWithTheFullState(t *testing.T) {
	scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
		is := func(want remote.State) {
			t.Helper()
			synctest.Wait()
			got, err := event.Wait(t.Context(), v.Status(), func(remote.Status) bool { return true })
			require.NoError(t, err)
			assert.Equal(t, want, got.State, got.State)
		}
		w := v.Watch()
		is(remote.CatchingUp)
		for _, first := range []bool{true, false} {
			s.batches <- remote.Batch{Full: true, More: true}
			is(remote.CatchingUp)
			s.batches <- remote.Batch{Broken: errCable}
			is(remote.Broken)
			s.batches <- remote.Batch{More: true}
			is(remote.CatchingUp)
			s.batches <- remote.Batch{Full: true, More: true, Changes: []remote.Change{{Key: "key", Revision: 1}}}
			is(remote.CatchingUp)
			assert.Empty(t, backlogOf(t, w))
			s.batches <- remote.Batch{Revision: 1}
			is(remote.Connected)
			assert.Equal(t, first, len(backlogOf(t, w)) == 1)
		}
	})
}

// TestRefused checks that a store that refuses ends no watcher, and that its
// reason is reported.
func TestRefused(t *testing.T) {
	scripted(t, func(t *testing.T, s *script, v *remote.Value[string]) {
		w := v.Watch()
		status := func() remote.Status {
			synctest.Wait()
			got, err := event.Wait(t.Context(), v.Status(), func(remote.Status) bool { return true })
			require.NoError(t, err)
			return got
		}
		s.batches <- remote.Batch{Full: true}
		get(t, w)
		permission := fmt.Errorf("%w: permission", remote.ErrRefused)
		s.batches <- remote.Batch{Broken: errors.New("cable")}
		assert.Equal(t, remote.Broken, status().State)
		s.batches <- remote.Batch{Broken: permission}
		assert.Equal(t, remote.Refused, status().State)
		assert.Equal(t, permission, status().Reason)
		waits(t, w)
		s.batches <- remote.Batch{Revision: 2, Changes: []remote.Change{{Key: "key", Value: []byte("a"), Revision: 2}}}
		assert.Equal(t, "a", get(t, w).Value)
		assert.Equal(t, remote.Connected, status().State)
	})
}
