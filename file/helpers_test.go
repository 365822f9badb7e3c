package file_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

// patience is the time after which a condition counts as never true.
var patience = 30 * time.Second

// words is a decoder: the content is good if it begins with "good".
func words(data []byte) (string, error) {
	if !strings.HasPrefix(string(data), "good") {
		return "", &file.Error{Line: 1, Column: 1, Err: errors.New("bad word")}
	}
	return string(data), nil
}

// A served is a value under Serve.
type served struct {
	*file.Value[string]
	t    *testing.T
	path string
	stop func() error
}

// serve serves v until the end of the test.
func serve(t *testing.T, path string, v *file.Value[string]) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Serve(ctx) }()
	stopped := false
	s := &served{v, t, path, nil}
	s.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			require.FailNow(t, "Serve does not return")
			return nil
		}
	}
	t.Cleanup(func() { _ = s.stop() })
	return s
}

// serveFile serves the file at path with a short Quiet.
func serveFile(t *testing.T, path string, opts ...file.Option) *served {
	t.Helper()
	opts = append([]file.Option{file.Quiet(time.Millisecond)}, opts...)
	return serve(t, path, file.New(path, words, opts...))
}

// holds waits until the value is want and the Status is good.
func (s *served) holds(want string) file.Status {
	s.t.Helper()
	st := s.status(func(st file.Status) bool {
		got, ok := s.Load()
		return st.Err == nil && ok && got == want
	}, "value "+want)
	return st
}

// fails waits until the Status has an error that contains text.
func (s *served) fails(text string) file.Status {
	s.t.Helper()
	st := s.status(func(st file.Status) bool {
		return st.Err != nil && strings.Contains(st.Err.Error(), text)
	}, "error "+text)
	require.ErrorContains(s.t, st.Err, s.path)
	return st
}

func (s *served) status(accept func(file.Status) bool, what string) file.Status {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	st, err := event.Wait(ctx, s.Status(), accept)
	if err != nil {
		val, _ := s.Load()
		now, _ := event.Load(s.Status())
		require.FailNow(s.t, "not reached", "%s: the value is %q, the status %+v", what, val, now)
	}
	return st
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

// replace writes another file and renames it to path.
func replace(t *testing.T, path, content string) {
	t.Helper()
	next := filepath.Join(filepath.Dir(path), ".next-"+filepath.Base(path))
	write(t, next, content)
	require.NoError(t, os.Rename(next, path))
}

// link makes a symbolic link at path, in place of what is there.
func link(t *testing.T, target, path string) {
	t.Helper()
	next := path + ".next"
	require.NoError(t, os.Symlink(target, next))
	require.NoError(t, os.Rename(next, path))
}

func mkdir(t *testing.T, path string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(path, 0o755))
	return path
}

// noneLeft checks that the package has no goroutine and no watcher.
func noneLeft(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		return !file.Running() && !strings.Contains(string(stacks), "event/file.(") &&
			!strings.Contains(string(stacks), "fsnotify.(")
	}, patience, time.Millisecond, "something is left")
}

// joined is a decoder of a directory: the contents of all *.conf, in order.
func joined(fsys fs.FS) (string, error) {
	names, err := fs.Glob(fsys, "*.conf")
	if err != nil {
		return "", err
	}
	var all []string
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return "", err
		}
		all = append(all, string(data))
	}
	return strings.Join(all, ","), nil
}
