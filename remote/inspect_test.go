package remote_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
		assert.Empty(t, info.Connection.Counters)
	}
	w := r.Watch()
	defer w.Close()
	revision, err := r.Set(t.Context(), "n/a", 1)
	require.NoError(t, err)
	require.NoError(t, r.Sync(t.Context(), revision))
	infos := inspect.Values()
	assert.Equal(t, "connected", infos[0].State)
	assert.Equal(t, "connected", infos[1].State, "a Value of the Range has its connection")
	assert.Equal(t, map[string]uint64{"revision": uint64(revision), "resets": 0}, infos[0].Connection.Counters)
	assert.Equal(t, "idle", infos[2].State)
}
