//go:build unix

package file_test

import (
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
