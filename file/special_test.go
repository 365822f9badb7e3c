package file_test

import (
	"io/fs"
	"math"
	"path/filepath"
	"testing"

	"github.com/eventvalue/event/file"
)

// TestMaxSizeDoesNotOverflow has the greatest MaxSize.
func TestMaxSizeDoesNotOverflow(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.conf")
	write(t, path, "good")
	serveFile(t, path, file.MaxSize(math.MaxInt)).holds("good")
	serve(t, dir, file.NewDir(dir, func(fsys fs.FS) (string, error) {
		data, err := fs.ReadFile(fsys, "a.conf")
		return string(data), err
	}, file.MaxSize(math.MaxInt))).holds("good")
}
