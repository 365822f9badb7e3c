package remote_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

var (
	_ inspect.ConnectionReporter = (*remote.Value[int])(nil)
	_ inspect.ConnectionReporter = (*remote.Range[int])(nil)
)

func TestInspect(t *testing.T) {
	store := new(remotetest.Fake)
	r := remote.NewRange(store, "n/", remote.JSON[int]())
	defer r.Close()
	for name, publish := range map[string]func() (func(), error){
		"value": func() (func(), error) {
			return inspect.Publish("value", remote.NewValue(store, "n/a", remote.JSON[int]()))
		},
		"range":       func() (func(), error) { return inspect.Publish("range", r) },
		"range value": func() (func(), error) { return inspect.Publish("range value", r.Value("n/a")) },
	} {
		unpublish, err := publish()
		require.NoError(t, err, name)
		defer unpublish()
	}
	for _, info := range inspect.Values() {
		assert.Equal(t, "idle", info.State, "a look does not follow the store")
		assert.Equal(t, map[string]uint64{"resets": 0}, info.Connection.Numbers)
	}
	w := r.Watch()
	defer w.Close()
	revision, err := r.Set(t.Context(), "n/a", 1)
	require.NoError(t, err)
	require.NoError(t, r.Sync(t.Context(), revision))
	infos := inspect.Values()
	assert.Equal(t, "connected", infos[0].State)
	assert.Equal(t, "connected", infos[1].State, "a Value of the Range has its connection")
	assert.Equal(t, map[string]uint64{"revision": uint64(revision), "resets": 0}, infos[0].Connection.Numbers)
	assert.Equal(t, "idle", infos[2].State)
}

// TestInspectShowsTheEnd publishes remote values that end, and a view of one.
func TestInspectShowsTheEnd(t *testing.T) {
	store := new(remotetest.Fake)
	v := remote.NewValue(store, "n/a", remote.JSON[int]())
	r := remote.NewRange(store, "n/", remote.JSON[int]())
	of := r.Value("n/b")
	for _, publish := range []func() (func(), error){
		func() (func(), error) { return inspect.Publish("1 value", v) },
		func() (func(), error) {
			return inspect.Publish("2 map", event.Map(v, func(e remote.Entry[int]) int { return e.Value }))
		},
		func() (func(), error) { return inspect.Publish("3 range", r) },
		func() (func(), error) { return inspect.Publish("4 value of the range", of) },
		func() (func(), error) {
			return inspect.Publish("5 until its end", v, inspect.UntilEnd[remote.Entry[int]]())
		},
	} {
		unpublish, err := publish()
		require.NoError(t, err)
		defer unpublish()
	}
	ended := func() (all []bool) {
		for _, info := range inspect.Values() {
			all = append(all, info.Ended)
		}
		return all
	}
	assert.Equal(t, []bool{false, false, false, false, false}, ended())
	cause := errors.New("the cause")
	_ = v.CloseWithError(cause)
	assert.Equal(t, []bool{true, true, false, false}, ended())
	require.ErrorIs(t, v.Err(), event.ErrClosed)
	require.ErrorIs(t, v.Err(), cause)
	_ = r.Close()
	assert.Equal(t, []bool{true, true, true, true}, ended())
	assert.Contains(t, inspect.Values()[0].End, "the cause")
}

// TestInspectCountsResetsOverSessions lets a Value be idle after a reset.
func TestInspectCountsResetsOverSessions(t *testing.T) {
	inBubble(t, func(t *testing.T, f *remotetest.Fake, v *remote.Value[string]) {
		w := v.Watch()
		get(t, w)
		restore := f.Save()
		revision, err := v.Set(t.Context(), "undone")
		require.NoError(t, err)
		synctest.Wait()
		_, _, numbers, _ := v.InspectConnection()
		require.Equal(t, map[string]uint64{"resets": 0, "revision": uint64(revision)}, numbers)
		restore()
		synctest.Wait()
		_, _, numbers, _ = v.InspectConnection()
		require.Equal(t, map[string]uint64{"resets": 1, "revision": uint64(revision - 1)}, numbers)
		require.NoError(t, w.Close())
		_, _, numbers, _ = v.InspectConnection()
		require.Equal(t, map[string]uint64{"resets": 1}, numbers)
	})
}
