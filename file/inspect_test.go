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
