package file_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
	"github.com/eventvalue/event/inspect"
)

// TestInspectShowsTheFile checks that package inspect lists path, hash, version and error
// of a file.
func TestInspectShowsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"A": 1}`), 0o600))
	v := file.New(path, file.JSON[map[string]int], file.Quiet(0))
	unpublish, err := inspect.Publish("file of a test", v, inspect.Show(func(m map[string]int) string { return fmt.Sprint(m) }))
	require.NoError(t, err)
	defer unpublish()
	unpublishSecret, err := inspect.Publish("secret", v)
	require.NoError(t, err)
	defer unpublishSecret()
	require.False(t, inspect.Values()[0].File.Good, "never loaded")
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- v.Serve(ctx) }()
	await := func(pred func(file.Status) bool) file.Status {
		s, err := event.Wait(t.Context(), v.Status(), pred)
		require.NoError(t, err)
		return s
	}
	status := await(func(s file.Status) bool { return s.Version == 1 })
	info := inspect.Values()[0]
	require.NotNil(t, info.File)
	require.Equal(t, path, info.File.Path)
	require.Equal(t, status.Hash, info.File.Hash)
	require.NotEmpty(t, info.File.Hash)
	require.True(t, info.File.Good)
	require.Empty(t, inspect.Values()[1].File.Hash, "a hash confirms a guess of the content")
	require.EqualValues(t, 1, info.Version)
	require.Empty(t, info.File.Err)

	require.NoError(t, os.WriteFile(path, []byte(`{"A": `), 0o600))
	await(func(s file.Status) bool { return s.Err != nil })
	info = inspect.Values()[0]
	require.Contains(t, info.File.Err, path)
	require.False(t, info.File.Good)
	require.Equal(t, status.Hash, info.File.Hash)

	cancel()
	require.ErrorIs(t, <-served, context.Canceled)
}

// TestViewsHaveTheVersions checks that a Value has what a MemoryValue has for views and for
// package inspect: versions, also below views, and the number of watchers.
func TestViewsHaveTheVersions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 1")
	s := serveFile(t, path)
	view := event.Distinct(event.Map(s.Value, func(text string) int { return len(text) }))
	s.holds("good 1")
	write(t, path, "good two")
	s.holds("good two")
	text, version, ok := event.LoadVersion(s.Value)
	require.Equal(t, []any{"good two", uint64(2), true}, []any{text, version, ok})
	n, version, ok := event.LoadVersion(view)
	require.Equal(t, []any{8, uint64(2), true}, []any{n, version, ok})

	shown := published(t, s.Value)
	require.EqualValues(t, 2, shown().Version)
	require.True(t, shown().Versioned)
	require.Zero(t, shown().Watchers)
	w := view.Watch()
	require.Equal(t, 1, shown().Watchers)
	write(t, path, "good three")
	s.holds("good three")
	require.EqualValues(t, 1, shown().Sets)
	require.NoError(t, w.Close())
	require.Zero(t, shown().Watchers)
	shown = published(t, view)
	require.EqualValues(t, 3, shown().Version)
	require.True(t, shown().Versioned)
}

func TestCertificateHasVersions(t *testing.T) {
	s := newSite(t)
	s.rotate(1)
	c := s.keyPair(false)
	_, _, ok := event.LoadVersion(c)
	require.False(t, ok)
	serving(t, c)
	serial(t, c, 1)
	pair, version, ok := event.LoadVersion(c)
	require.True(t, ok)
	require.EqualValues(t, 1, version)
	require.EqualValues(t, 1, pair.Leaf.SerialNumber.Int64())
	shown := published(t, c)
	w := c.Watch()
	require.Equal(t, 1, shown().Watchers)
	require.NoError(t, w.Close())
	require.Zero(t, shown().Watchers)
}

// published publishes v, and returns what looks at it as package inspect does.
func published[T any](t *testing.T, v event.ValueWatch[T]) func() inspect.Info {
	t.Helper()
	name := fmt.Sprint(t.Name(), len(inspect.Values()))
	unpublish, err := inspect.Publish(name, v)
	require.NoError(t, err)
	t.Cleanup(unpublish)
	return func() (found inspect.Info) {
		for _, info := range inspect.Values() {
			if info.Name == name {
				return info
			}
		}
		require.Fail(t, "not published")
		return found
	}
}
