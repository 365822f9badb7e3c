//go:build unix

package file_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

func serveDir(t *testing.T, dir string) *served {
	return serve(t, dir, file.NewDir(dir, joined, file.Quiet(0)))
}

func TestDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "conf.d")
	mkdir(t, dir)
	s := serveDir(t, dir)
	s.holds("")
	write(t, filepath.Join(dir, "10.conf"), "\uFEFFa")
	s.holds("a")
	write(t, filepath.Join(dir, "20.conf"), "b")
	s.holds("a,b")
	write(t, filepath.Join(dir, "README"), "x")
	replace(t, filepath.Join(dir, "10.conf"), "c")
	s.holds("c,b")
	require.NoError(t, os.Remove(filepath.Join(dir, "10.conf")))
	s.holds("b")
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	write(t, elsewhere, "d")
	link(t, elsewhere, filepath.Join(dir, "30.conf"))
	s.holds("b,d")
	writeInPlace(t, elsewhere, "e")
	s.holds("b,e")
	replace(t, elsewhere, "f")
	s.holds("b,f")
	require.NoError(t, os.RemoveAll(dir))
	s.fails("no such file")
	write(t, dir, "a file")
	s.fails("not a directory")
	require.NoError(t, os.Remove(dir))
	mkdir(t, dir)
	write(t, filepath.Join(dir, "1.conf"), "g")
	s.holds("g")
}

// TestDirWithTooManyFiles refuses a directory, and takes no watch for each of its files. It is
// followed again when there are fewer.
func TestDirWithTooManyFiles(t *testing.T) {
	t.Cleanup(file.SetSweep(100 * time.Millisecond))
	t.Cleanup(file.SetMaxEntries(100))
	dir := t.TempDir()
	many := mkdir(t, filepath.Join(dir, "many"))
	write(t, filepath.Join(dir, "1.conf"), "good")
	for i := range 101 {
		write(t, filepath.Join(many, fmt.Sprint(i)), "")
	}
	s := serve(t, dir, file.NewDir(dir, joined, file.Quiet(0), file.Wait()))
	s.fails("too large: more than 100 files")
	watches, _ := file.Watching()
	require.LessOrEqual(t, watches, strings.Count(dir, "/")+1, "the way to the directory")
	for i := 97; i <= 99; i++ { // The last in the order of the names.
		require.NoError(t, os.Remove(filepath.Join(many, fmt.Sprint(i))))
	}
	s.holds("good")
	require.ErrorIs(t, s.stop(), context.Canceled)
	noneLeft(t) // Nothing reads the limit any more.
}

// TestDirOfKubernetes has directories in links.
func TestDirOfKubernetes(t *testing.T) {
	v := newVolume(t)
	v.write(map[string]string{"a.conf": "1", "sub/b.conf": "1"})
	s := serve(t, v.dir, file.NewDir(v.dir, func(fsys fs.FS) (string, error) {
		found := map[string]bool{}
		err := fs.WalkDir(fsys, ".", func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				data, err := fs.ReadFile(fsys, path)
				found[path+"="+string(data)] = true
				return err
			}
			return err
		})
		return strings.Join(slices.Sorted(maps.Keys(found)), " "), err
	}, file.Quiet(0)))
	s.holds("a.conf=1 sub/b.conf=1")
	v.write(map[string]string{"a.conf": "2", "sub/b.conf": "2", "sub/c/d.conf": "2"})
	s.holds("a.conf=2 sub/b.conf=2 sub/c/d.conf=2")
}

// TestDirEntriesThatCannotBeRead are errors only if they are opened.
func TestDirEntriesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "1.conf"), "a")
	link(t, "nowhere", filepath.Join(dir, "old.conf"))
	s := serve(t, dir, file.NewDir(dir, func(fsys fs.FS) (string, error) {
		names, err := fs.Glob(fsys, "[0-9]*.conf")
		if err != nil {
			return "", err
		}
		all := ""
		for _, name := range names {
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return "", err
			}
			all += string(data)
		}
		return all, nil
	}, file.Quiet(0)))
	s.holds("a")
	fifo := filepath.Join(dir, "2.conf")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	require.ErrorIs(t, s.fails("open 2.conf: not a regular file but a FIFO").Err, file.ErrNotRegular)
	require.NoError(t, os.Remove(fifo))
	write(t, fifo, "b")
	s.holds("ab")
	link(t, ".", filepath.Join(dir, "3.conf"))
	s.fails("open 3.conf: a link to a directory above it")
	require.NoError(t, os.Remove(filepath.Join(dir, "3.conf")))
	s.holds("ab")
}

// TestDirLeavesOut puts hidden files and what editors leave next to a file. None is listed,
// counts for MaxSize, or makes a version or a reading.
func TestDirLeavesOut(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "1.conf"), "a")
	mkdir(t, filepath.Join(dir, ".git"))
	leftOut := []string{".1.conf.swp", "1.conf~", "1.conf.swp", "#1.conf#", ".hidden", ".git/config"}
	for _, name := range leftOut {
		write(t, filepath.Join(dir, name), "long")
	}
	s := serve(t, dir, file.NewDir(dir, func(fsys fs.FS) (string, error) {
		var all []string
		err := fs.WalkDir(fsys, ".", func(path string, _ fs.DirEntry, err error) error {
			all = append(all, path)
			return err
		})
		return strings.Join(all, " "), err
	}, file.Quiet(0), file.MaxSize(3)))
	s.holds(". 1.conf")
	events := file.Events()
	for _, name := range leftOut {
		write(t, filepath.Join(dir, name), "other")
	}
	require.NoError(t, os.Remove(filepath.Join(dir, "1.conf~")))
	replace(t, filepath.Join(dir, "#"), "b")
	require.EqualValues(t, 2, s.holds(". # 1.conf").Version)
	require.Less(t, file.Events()-events, uint64(10), "only the events of the last file")
}

func TestDirMaxSize(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "1.conf"), "12345")
	write(t, filepath.Join(dir, "2.conf"), "12345")
	err := file.NewDir(dir, joined, file.MaxSize(9)).Serve(t.Context())
	require.ErrorIs(t, err, file.ErrTooLarge)
	require.ErrorContains(t, err, "more than 9 bytes")
	require.NoError(t, ignoreEnd(serve(t, dir, file.NewDir(dir, joined, file.MaxSize(10))).stop()))
}

func TestTreeIsAFileSystem(t *testing.T) {
	dir := t.TempDir()
	mkdir(t, filepath.Join(dir, "sub", "empty"))
	write(t, filepath.Join(dir, "1.conf"), "a")
	write(t, filepath.Join(dir, "sub", "2.conf"), "")
	var checked error
	v := file.NewDir(dir, func(fsys fs.FS) (string, error) {
		checked = fstest.TestFS(fsys, "1.conf", "sub/2.conf", "sub/empty")
		return "x", nil
	})
	serve(t, dir, v).holds("x")
	require.NoError(t, checked)
}
