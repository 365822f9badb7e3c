package remote_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// TestRangeValuesShareAFollow has a thousand Values, with two watchers each, and
// a watcher of the Range.
func TestRangeValuesShareAFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys = 1000
		f := new(remotetest.Fake)
		c := &counting{Store: f}
		decoded := new(atomic.Int64)
		r := remote.NewRange[string](c, "p/", countingCodec{remote.String(), decoded})
		defer r.Close()
		before := testkit.Goroutines()
		fillRange(t, f, keys)
		var ws []event.Watcher[entry]
		for i := range keys {
			v := r.Value(fmt.Sprintf("p/%05d", i))
			ws = append(ws, v.Watch(), v.Watch())
		}
		all := r.Watch()
		for i, w := range ws {
			e := get(t, w)
			assert.Equal(t, fmt.Sprintf("p/%05d", i/2), e.Key)
			assert.Equal(t, "1", e.Value)
		}
		put(t, f, "p/00007", "2")
		assert.Equal(t, "00007=2", pending(t, ws[14]))
		assert.Equal(t, "00007=2", pending(t, ws[15]))
		assert.Empty(t, pending(t, ws[16]))
		assert.Len(t, backlogOf(t, all), keys+1)
		assert.Equal(t, int64(keys+1), decoded.Load())
		follows, _ := c.all.Load()
		assert.Equal(t, 1, follows)
		assert.Equal(t, before+1, testkit.Goroutines())
		require.NoError(t, all.Close())
		for i, w := range ws {
			synctest.Wait()
			running, _ := c.running.Load()
			require.Equal(t, 1, running, "watcher %d keeps the session", i)
			require.NoError(t, w.Close())
			require.NoError(t, w.Close())
		}
		synctest.Wait()
		running, _ := c.running.Load()
		assert.Zero(t, running)
		assert.Equal(t, before, testkit.Goroutines())
	})
}

// TestRangeValueSeesWhatAValueSees takes a key through every kind of change.
func TestRangeValueSeesWhatAValueSees(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		one := remote.NewValue(f, "p/a", remote.String())
		defer one.Close()
		w, want := r.Value("p/a").Watch(), one.Watch()
		defer w.Close()
		defer want.Close()
		restore := f.Save()
		for i, change := range []func(){
			func() {}, // The key is absent.
			func() { put(t, f, "p/b", "1") },
			func() { put(t, f, "p/a", "1") },
			func() { put(t, f, "p/a", "1") },
			func() { remove(t, f, "p/a") },
			func() { put(t, f, "p/a", "2") },
			func() { f.Restart() },
			func() {
				f.Cut(errCable)
				remove(t, f, "p/a")
				f.Compact()
				f.Heal()
			},
			func() { put(t, f, "p/a", "3") },
			restore,
		} {
			change()
			synctest.Wait()
			expected := backlog(t, want)
			assert.Equal(t, expected, backlog(t, w), "change %d", i)
			assert.True(t, isOpen(w.Changed()))
		}
	})
}

// TestRangeValueBeginsWithTheState watches before and after the first full state.
func TestRangeValueBeginsWithTheState(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		put(t, f, "p/a", "1")
		f.Cut(errCable)
		present, gone := r.Value("p/a"), r.Value("p/b")
		early, absent := present.Watch(), gone.Watch()
		assert.Empty(t, pending(t, early))
		assert.Empty(t, pending(t, absent))
		f.Heal()
		for _, w := range []event.Watcher[entry]{early, present.Watch(), r.Value("p/a").Watch()} {
			assert.Equal(t, "a=1", pending(t, w))
		}
		for _, w := range []event.Watcher[entry]{absent, gone.Watch(), r.Value("p/b").Watch()} {
			assert.Equal(t, "b-", pending(t, w))
		}
		put(t, f, "p/b", "1")
		assert.Equal(t, "b=1", pending(t, absent))
	})
}

func TestRangeValueOutsideTheRange(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		for _, key := range []string{"", "q", "p"} {
			v := r.Value(key)
			_, err := v.Watch().Get(t.Context())
			require.ErrorIs(t, err, event.ErrClosed)
			require.ErrorIs(t, err, remote.ErrKey)
			_, err = v.Set(t.Context(), "a")
			require.ErrorIs(t, err, remote.ErrKey)
			require.ErrorIs(t, v.Sync(t.Context(), 0), remote.ErrKey)
		}
	})
}

// TestRangeClosesItsValues closes a Range while one of its Values is watched, and
// one is not.
func TestRangeClosesItsValues(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		put(t, f, "p/a", "1")
		watched, other := r.Value("p/a"), r.Value("p/a")
		w, late := watched.Watch(), watched.Watch()
		get(t, w)
		cause := errors.New("done")
		require.NoError(t, r.CloseWithError(cause))
		_, err := w.Get(t.Context())
		require.ErrorIs(t, err, event.ErrClosed)
		require.ErrorIs(t, err, cause)
		for _, w := range []event.Watcher[entry]{late, watched.Watch(), other.Watch()} {
			assert.Equal(t, "1", get(t, w).Value, "the last state once")
			_, err := w.Get(t.Context())
			require.ErrorIs(t, err, cause)
			require.NoError(t, w.Close())
		}
		for _, v := range []*remote.Value[string]{watched, other} {
			_, err := v.Set(t.Context(), "2")
			require.ErrorIs(t, err, cause)
			require.ErrorIs(t, v.Sync(t.Context(), 2), cause)
		}
	})
}

// TestRangeOutlivesItsValues closes a Value of a Range.
func TestRangeOutlivesItsValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		c := &counting{Store: f}
		r := remote.NewRange(c, "p/", remote.String())
		defer r.Close()
		put(t, f, "p/a", "1")
		v, other := r.Value("p/a"), r.Value("p/a")
		w, late, still := v.Watch(), v.Watch(), other.Watch()
		get(t, w)
		get(t, still)
		cause := errors.New("done")
		require.NoError(t, v.CloseWithError(cause))
		require.NoError(t, v.CloseWithError(errors.New("too late")))
		put(t, f, "p/a", "2")
		assert.Equal(t, "a=2", pending(t, still))
		assert.Equal(t, "1", get(t, late).Value)
		_, err := w.Get(t.Context())
		require.ErrorIs(t, err, cause)
		require.NoError(t, w.Close())
		require.NoError(t, late.Close())
		assert.Equal(t, "1", get(t, v.Watch()).Value, "after its last watcher, too")
		_, err = v.Delete(t.Context())
		require.ErrorIs(t, err, cause)
		_, err = r.Set(t.Context(), "p/a", "3")
		require.NoError(t, err)
		assert.Equal(t, "a=3", pending(t, still))
		require.NoError(t, still.Close())
		synctest.Wait()
		running, _ := c.running.Load()
		assert.Zero(t, running, "the watchers of a closed Value keep no session")
	})
}

// TestRangeKeepsNoValue drops Values whose watchers were closed, while a watcher
// of the Range keeps the table.
func TestRangeKeepsNoValue(t *testing.T) {
	f := new(remotetest.Fake)
	r := remote.NewRange(f, "p/", remote.String())
	defer r.Close()
	all := r.Watch()
	defer all.Close()
	_, err := all.Get(t.Context())
	require.NoError(t, err)
	const values = 10
	collected := new(atomic.Int64)
	for i := range values {
		v := r.Value(fmt.Sprint("p/", i%2))
		runtime.AddCleanup(v, func(int) { collected.Add(1) }, 0)
		w := v.Watch()
		_, err := w.Get(t.Context())
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	assert.Zero(t, remote.Attached(all))
	require.Eventually(t, func() bool { runtime.GC(); return collected.Load() == values }, watchdog, time.Millisecond)
}

// TestRangeValueStatus checks that the Status is the Range's.
func TestRangeValueStatus(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		v := r.Value("p/a")
		s := v.Status().Watch()
		state := func() remote.State {
			synctest.Wait()
			got, err := s.Get(t.Context())
			require.NoError(t, err)
			return got.State
		}
		assert.Equal(t, remote.Idle, state())
		v.Watch()
		assert.Equal(t, remote.Connected, state())
		f.Cut(errCable)
		assert.Equal(t, remote.Broken, state())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, v.Close())
		assert.Equal(t, remote.Idle, state(), "the Value held the session")
		_, err := s.Get(ctx)
		require.Equal(t, context.Canceled, err)
		assert.False(t, capability.Of(v).Keyed)
	})
}

// TestStatusOfAClosedKey has a Value of a Range that is closed, and one of a key
// outside the Range. Their Status is the Range's.
func TestStatusOfAClosedKey(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		closed, outside := r.Value("p/a"), r.Value("q")
		require.NoError(t, closed.Close())
		is := func(want remote.State) {
			t.Helper()
			synctest.Wait()
			for _, v := range []*remote.Value[string]{closed, outside} {
				assert.Equal(t, event.ValueWatch[remote.Status](r.Status()), v.Status())
				s, err := v.Status().Watch().Get(t.Context())
				require.NoError(t, err)
				assert.Equal(t, want, s.State)
				_, err = v.Watch().Get(t.Context())
				require.ErrorIs(t, err, event.ErrClosed)
			}
		}
		is(remote.Idle)
		w := r.Watch()
		is(remote.Connected)
		f.Cut(errCable)
		is(remote.Broken)
		require.NoError(t, w.Close())
		is(remote.Idle)
		require.NoError(t, r.Close())
		is(remote.Ended)
	})
}
