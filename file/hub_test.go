package file_test

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

// silentWatcher returns a watcher whose events do not arrive, as on some file systems.
func silentWatcher() (*fsnotify.Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	silent := *w
	silent.Events = make(chan fsnotify.Event)
	go func() {
		for range w.Events {
		}
		close(silent.Events)
	}()
	return &silent, nil
}

// TestSilentWatcher gets no events. The sweep finds each change.
func TestSilentWatcher(t *testing.T) {
	defer file.SetSweep(time.Millisecond)()
	defer file.SetNewWatcher(silentWatcher)()
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	replace(t, path, "good 1")
	s.holds("good 1")
	writeInPlace(t, path, "good 2 and more")
	s.holds("good 2 and more")
	require.NoError(t, os.Remove(path))
	s.fails("no such file")
	write(t, path, "good 3")
	require.NoError(t, s.holds("good 3").Polling)
	require.NoError(t, ignoreEnd(s.stop()))
	noneLeft(t)
}

// TestSweepOfAHangingFileSystem has a value whose look at its files does not return. The
// sweep finds the changes of the others.
func TestSweepOfAHangingFileSystem(t *testing.T) {
	defer file.SetSweep(time.Millisecond)()
	defer file.SetNewWatcher(silentWatcher)()
	var loaded atomic.Bool
	hangs, release := make(chan struct{}, 1000), make(chan struct{})
	hanging := serve(t, "script", file.NewScript([]string{"good"}, func() {
		if loaded.Load() {
			hangs <- struct{}{}
			<-release
		}
	}))
	hanging.holds("good")
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	loaded.Store(true)
	<-hangs
	for _, content := range []string{"good 1", "good 2", "good 3"} {
		replace(t, path, content)
		s.holds(content)
	}
	require.Empty(t, hangs, "no second check of the value that hangs")
	close(release)
	require.NoError(t, ignoreEnd(s.stop()))
	require.NoError(t, ignoreEnd(hanging.stop()))
	noneLeft(t)
}

// TestSweepOfAClosedWatcher does a sweep that was delayed until there is another watcher.
func TestSweepOfAClosedWatcher(t *testing.T) {
	var old *fsnotify.Watcher
	restore := file.SetNewWatcher(func() (w *fsnotify.Watcher, err error) {
		old, err = fsnotify.NewWatcher()
		return old, err
	})
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	require.NoError(t, ignoreEnd(s.stop()))
	noneLeft(t)
	restore()
	s = serveFile(t, path)
	s.holds("good 0")
	events := file.Events()
	file.Sweep(old)
	require.Equal(t, events, file.Events(), "the watches are not those of the old watcher")
}

// TestServeReturnsWhileTheWatcherHangs ends a Serve while a call of the watcher for another
// value does not return.
func TestServeReturnsWhileTheWatcherHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	release := file.HoldWatcher()
	err := s.stop()
	release()
	require.ErrorIs(t, err, context.Canceled)
	noneLeft(t)
}

// TestChangedBeforeTheWatch writes the file after the value has looked at it, and before it
// watches. The value reads again, so that it rests with the newest stamp.
func TestChangedBeforeTheWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	defer file.SetNewWatcher(func() (*fsnotify.Watcher, error) {
		writeInPlace(t, path, "good 1 and more")
		return fsnotify.NewWatcher()
	})()
	before := file.Readings()
	s := serveFile(t, path)
	s.holds("good 1 and more")
	require.NoError(t, ignoreEnd(s.stop()))
	require.GreaterOrEqual(t, file.Readings()-before, uint64(2))
	noneLeft(t)
}

// TestWatchThatEndsDuringAnUpdate moves a directory that is watched to a, and makes another in
// its place. The second value finds the watch for a, and then ends it, because the path of
// that watch leads to the other directory. It must look again.
func TestWatchThatEndsDuringAnUpdate(t *testing.T) {
	defer file.SetNewWatcher(silentWatcher)() // Otherwise events would make it look again.
	root := t.TempDir()
	p, a := mkdir(t, filepath.Join(root, "p")), filepath.Join(root, "a")
	write(t, filepath.Join(p, "app.conf"), "good 0")
	first := serveFile(t, filepath.Join(p, "app.conf"))
	first.holds("good 0")
	require.NoError(t, os.Rename(p, a))
	mkdir(t, p)
	write(t, filepath.Join(p, "app.conf"), "good 1")
	link(t, filepath.Join(p, "app.conf"), filepath.Join(a, "link"))
	second := serveFile(t, filepath.Join(a, "link"))
	second.holds("good 1")
	require.Eventually(t, func() bool { return file.DeadWatches() == 0 }, patience, time.Millisecond)
	require.NoError(t, ignoreEnd(second.stop()))
	require.NoError(t, ignoreEnd(first.stop()))
	noneLeft(t)
}

// versionAfter serves v in a bubble and returns its version after an hour.
func versionAfter(t *testing.T, v *file.Value[string]) uint64 {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	require.ErrorIs(t, v.Serve(ctx), context.DeadlineExceeded)
	st, ok := event.Load(v.Status())
	require.True(t, ok)
	return st.Version
}
