package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// patience is the longest wait of a test for an expected event.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// A followed is a Follower that runs until the test ends.
type followed struct {
	*Follower
	ctx   context.Context
	value *event.MemoryValue[*Config]
}

// follows starts to follow path and waits for the first version.
func follows(t *testing.T, path string) *followed {
	t.Helper()
	v := new(event.MemoryValue[*Config])
	f := &followed{&Follower{Path: path, Value: v, Quiet: time.Millisecond}, patience(t), v}
	ctx, cancel := context.WithCancel(f.ctx)
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
	f.inForce(t, func(c *Config) bool { return c.Version == 1 })
	return f
}

// inForce waits until a configuration as it should be is in force and the file
// has no problem.
func (f *followed) inForce(t *testing.T, pred func(*Config) bool) *Config {
	t.Helper()
	c, err := event.Wait(f.ctx, f.value, pred)
	require.NoError(t, err)
	_, err = event.Wait(f.ctx, f.Status(), func(s Status) bool { return s.Version >= c.Version && s.Err == nil })
	require.NoError(t, err)
	return c
}

// problem waits until the file has one, and requires that it has changed
// nothing.
func (f *followed) problem(t *testing.T) error {
	t.Helper()
	before, _ := f.value.Load()
	s, err := event.Wait(f.ctx, f.Status(), func(s Status) bool { return s.Err != nil })
	require.NoError(t, err)
	after, _ := f.value.Load()
	require.Same(t, before, after)
	require.Equal(t, before.Version, s.Version)
	return s.Err
}

func burst(n int) func(*Config) bool { return func(c *Config) bool { return c.Limits.Burst == n } }

func newFile(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.toml")
	require.NoError(t, replaceFile(path, original))
	return path
}

func TestFollowPublishesGoodEdits(t *testing.T) {
	path := newFile(t)
	f := follows(t, path)
	for n := 2; n <= 5; n++ {
		require.NoError(t, replaceFile(path, edited(t, "burst = 50", fmt.Sprint("burst = ", n))))
		require.Equal(t, n, f.inForce(t, burst(n)).Version, "a rename is one version")
	}
}

func TestFollowFileWrittenInPlace(t *testing.T) {
	path := newFile(t)
	f := follows(t, path)
	for n := 1; n <= 30; n++ { // Not one by one: the last one counts.
		require.NoError(t, os.WriteFile(path, []byte(edited(t, "burst = 50", fmt.Sprint("burst = ", n))), 0o600))
	}
	f.inForce(t, burst(30))
}

func TestFollowBrokenEditChangesNothing(t *testing.T) {
	path := newFile(t)
	f := follows(t, path)
	require.NoError(t, replaceFile(path, edited(t, `"5s"`, `"5s`)))
	require.ErrorContains(t, f.problem(t), path+":6:19: ")

	require.NoError(t, replaceFile(path, original)) // As it was: good, but not another version.
	s, err := event.Wait(f.ctx, f.Status(), func(s Status) bool { return s.Err == nil })
	require.NoError(t, err)
	require.Equal(t, Status{Version: 1}, s)

	require.NoError(t, replaceFile(path, edited(t, "burst = 50", "burst = 0")))
	require.ErrorContains(t, f.problem(t), "limits.burst")
	require.NoError(t, replaceFile(path, edited(t, "burst = 50", "burst = 9")))
	require.Equal(t, 2, f.inForce(t, burst(9)).Version)
}

func TestFollowEqualSettingsNotifyNobody(t *testing.T) {
	path := newFile(t)
	f := follows(t, path)
	require.NoError(t, replaceFile(path, "# Looks different.\n"+original))
	require.NoError(t, replaceFile(path, edited(t, "burst = 50", "burst = 9")))
	require.Equal(t, 2, f.inForce(t, burst(9)).Version)
}

func TestFollowFileDeletedAndBack(t *testing.T) {
	path := newFile(t)
	f := follows(t, path)
	require.NoError(t, os.Remove(path))
	require.ErrorIs(t, f.problem(t), os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte(edited(t, "burst = 50", "burst = 9")), 0o600))
	f.inForce(t, burst(9))
}

func TestFollowDirectoryDeletedAndBack(t *testing.T) {
	path := newFile(t)
	f := follows(t, path)
	require.NoError(t, os.RemoveAll(filepath.Dir(path)))
	require.ErrorIs(t, f.problem(t), os.ErrNotExist)
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
	require.NoError(t, replaceFile(path, edited(t, "burst = 50", "burst = 9")))
	f.inForce(t, burst(9))
	// The new directory is watched as the old one was.
	require.NoError(t, replaceFile(path, edited(t, "burst = 50", "burst = 8")))
	f.inForce(t, burst(8))
}

func TestFollowSymlinkToAnotherDirectory(t *testing.T) {
	first, second := newFile(t), newFile(t)
	link := filepath.Join(t.TempDir(), "link.toml")
	require.NoError(t, os.Symlink(first, link))
	f := follows(t, link)

	require.NoError(t, replaceFile(first, edited(t, "burst = 50", "burst = 9")))
	f.inForce(t, burst(9))

	require.NoError(t, replaceFile(second, edited(t, "burst = 50", "burst = 8")))
	require.NoError(t, os.Symlink(second, link+".new"))
	require.NoError(t, os.Rename(link+".new", link))
	f.inForce(t, burst(8))

	require.NoError(t, replaceFile(second, edited(t, "burst = 50", "burst = 7")))
	f.inForce(t, burst(7))
}

// TestFollowMountedVolume swaps the file as Kubernetes does: the file is a link
// through a link, ..data, to a directory of the version's own; a swap replaces
// ..data.
func TestFollowMountedVolume(t *testing.T) {
	dir := t.TempDir()
	publish := func(n int) {
		version := fmt.Sprint("..version", n)
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, version, "a.toml"),
			[]byte(edited(t, "burst = 50", fmt.Sprint("burst = ", n))), 0o600))
		require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		require.NoError(t, os.RemoveAll(filepath.Join(dir, fmt.Sprint("..version", n-1))))
	}
	publish(1)
	link := filepath.Join(dir, "a.toml")
	require.NoError(t, os.Symlink(filepath.Join("..data", "a.toml"), link))
	f := follows(t, link)
	for n := 2; n <= 5; n++ {
		publish(n)
		f.inForce(t, burst(n))
	}
}

func TestFollowFailsWithoutGoodStart(t *testing.T) {
	for name, test := range map[string]struct{ path, err string }{
		"no file":      {filepath.Join(t.TempDir(), "a.toml"), "no such file"},
		"no directory": {filepath.Join(t.TempDir(), "no", "a.toml"), "no such file"},
		"a directory":  {t.TempDir(), "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			var v event.MemoryValue[*Config]
			f := &Follower{Path: test.path, Value: &v, Quiet: time.Millisecond}
			err := f.Run(patience(t))
			require.ErrorContains(t, err, test.err)
			_, published := v.Load()
			require.False(t, published)

			// A watcher of the status gets the error, and then the end.
			w := f.Status().Watch()
			defer w.Close()
			s, end := w.Get(t.Context())
			require.NoError(t, end)
			require.Equal(t, err, s.Err)
			_, end = w.Get(t.Context())
			require.ErrorIs(t, end, event.ErrClosed)
			require.ErrorIs(t, end, err)
		})
	}
}
