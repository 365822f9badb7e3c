//go:build unix

package file_test

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

// TestSpecialFilesAreNotOpened puts a FIFO, a socket and devices in the place of a file. An
// open of the FIFO would wait, and a reading of /dev/zero would not end.
func TestSpecialFilesAreNotOpened(t *testing.T) {
	for name, test := range map[string]struct {
		make func(t *testing.T, path string)
		text string
	}{
		"FIFO":             {func(t *testing.T, p string) { require.NoError(t, syscall.Mkfifo(p, 0o600)) }, "a FIFO"},
		"link to a device": {func(t *testing.T, p string) { link(t, "/dev/zero", p) }, "a device"},
		"socket": {func(t *testing.T, p string) {
			t.Chdir(filepath.Dir(p))
			l, err := net.Listen("unix", filepath.Base(p))
			require.NoError(t, err)
			t.Cleanup(func() { l.Close() })
		}, "a socket"},
		"device": {func(t *testing.T, p string) {
			if err := syscall.Mknod(p, syscall.S_IFCHR|0o600, 1<<8|5); err != nil {
				t.Skip("this user makes no devices:", err)
			}
		}, "a device"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app.conf")
			test.make(t, path)
			err := file.New(path, words).Serve(t.Context())
			require.ErrorIs(t, err, file.ErrNotRegular)
			require.ErrorContains(t, err, path+": not a regular file but "+test.text)

			require.NoError(t, os.Remove(path))
			write(t, path, "good 1")
			s := serveFile(t, path)
			s.holds("good 1")
			require.NoError(t, os.Remove(path))
			test.make(t, path)
			s.fails(test.text)
			require.NoError(t, os.Remove(path))
			write(t, path, "good 2")
			s.holds("good 2")
		})
	}
}

// TestNoWorkingDirectory makes values of a relative path in a directory that was removed.
func TestNoWorkingDirectory(t *testing.T) {
	dir := mkdir(t, filepath.Join(t.TempDir(), "dir"))
	t.Chdir(dir)
	require.NoError(t, os.Remove(dir))
	for name, v := range map[string]*file.Value[string]{
		"app.conf": file.New("app.conf", words, file.Wait()),
		"conf.d":   file.NewDir("conf.d", joined, file.Wait()),
	} {
		require.ErrorIs(t, serve(t, name, v).fails("file: "+name+": getwd").Err, fs.ErrNotExist)
	}
	err := file.New("app.conf", words).Serve(t.Context())
	require.ErrorContains(t, err, "file: app.conf: ")
}

// TestTrailingSlash is a path that only a directory can have.
func TestTrailingSlash(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "app.conf")
	write(t, path, "good 1")
	link(t, "app.conf/", filepath.Join(dir, "link"))
	for _, path := range []string{path + "/", path + "/.", filepath.Join(dir, "link")} {
		require.ErrorIs(t, file.New(path, words).Serve(t.Context()), syscall.ENOTDIR, path)
	}
	link(t, dir+"/", filepath.Join(dir, "self"))
	serve(t, dir, file.New(filepath.Join(dir, "self")+"//app.conf", words)).holds("good 1")
	serve(t, dir, file.NewDir(filepath.Join(dir, "self")+"/", joined)).holds("good 1")
}
