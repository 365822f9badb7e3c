package file_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

// ignoreEnd returns err unless it is the end of a context.
func ignoreEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func hashOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// TestLastGoodStateStays puts everything that can be in the place of a file there. The value
// stays, the Status has the error, and is good again when the same content is back.
func TestLastGoodStateStays(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, path string)
		text  string
		is    error
	}{
		"broken":              {func(t *testing.T, p string) { replace(t, p, "bad") }, ":1:1: bad word", nil},
		"empty":               {func(t *testing.T, p string) { write(t, p, "") }, "empty", file.ErrEmpty},
		"only a mark":         {func(t *testing.T, p string) { write(t, p, "\uFEFF") }, "empty", file.ErrEmpty},
		"deleted":             {func(t *testing.T, p string) { require.NoError(t, os.Remove(p)) }, "no such file", fs.ErrNotExist},
		"directory":           {func(t *testing.T, p string) { require.NoError(t, os.Remove(p)); mkdir(t, p) }, "a directory", file.ErrNotRegular},
		"large":               {func(t *testing.T, p string) { require.NoError(t, os.Truncate(p, 200<<20)) }, "more than 1000 bytes", file.ErrTooLarge},
		"UTF-8":               {func(t *testing.T, p string) { replace(t, p, "good\nok \xff") }, ":2:4: not valid UTF-8", file.ErrNotText},
		"link to itself":      {func(t *testing.T, p string) { link(t, filepath.Base(p), p) }, "too many symbolic links", nil},
		"broken link":         {func(t *testing.T, p string) { link(t, "nowhere", p) }, "no such file", fs.ErrNotExist},
		"link to a directory": {func(t *testing.T, p string) { link(t, ".", p) }, "a directory", file.ErrNotRegular},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app.conf")
			write(t, path, "good 1")
			s := serveFile(t, path, file.MaxSize(1000))
			good := s.holds("good 1")
			require.Equal(t, hashOf("good 1"), good.Hash)
			require.EqualValues(t, 1, good.Version)

			test.spoil(t, path)
			bad := s.fails(test.text)
			if test.is != nil {
				require.ErrorIs(t, bad.Err, test.is)
			}
			val, _ := s.Load()
			require.Equal(t, "good 1", val)
			require.Equal(t, []any{good.Version, good.Hash, good.Loaded}, []any{bad.Version, bad.Hash, bad.Loaded})

			require.NoError(t, os.RemoveAll(path))
			write(t, path, "good 1")
			require.EqualValues(t, 1, s.holds("good 1").Version, "no new version")
			replace(t, path, "good 2")
			require.EqualValues(t, 2, s.holds("good 2").Version)
		})
	}
}

func TestDecoderNamesPosition(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.json")
	write(t, path, `{"level": "info"}`)
	type config struct{ Level string }
	v := file.New(path, file.JSON[config], file.Quiet(0))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- v.Serve(ctx) }()
	waitFor := func(text string) (e *file.Error) {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			st, _ := event.Load(v.Status())
			require.EqualError(c, st.Err, text)
			e, _ = errors.AsType[*file.Error](st.Err)
		}, patience, time.Millisecond)
		return e
	}
	_, err := event.Wait(t.Context(), v, func(config) bool { return true })
	require.NoError(t, err)
	replace(t, path, "{\"level\": \"info\",\n \"levle\": 1}")
	e := waitFor("file: " + path + `:2:2: unknown field "levle"`)
	require.Equal(t, []any{path, 2, 2}, []any{e.Path, e.Line, e.Column})
	replace(t, path, "{\"level\":\n1}")
	waitFor("file: " + path + ":2:1: cannot unmarshal number into Go struct field config.Level of type string")
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

// TestErrorsOfTheDecoderKeepTheirText wraps and joins errors with a position.
func TestErrorsOfTheDecoderKeepTheirText(t *testing.T) {
	at := func(line int) error { return &file.Error{Line: line, Column: 5, Err: fs.ErrInvalid} }
	for want, err := range map[string]error{
		":3:5: invalid argument":                         at(3),
		": a.toml: 3:5: invalid argument":                fmt.Errorf("a.toml: %w", at(3)),
		": 3:5: invalid argument\n4:5: invalid argument": errors.Join(at(3), at(4)),
		": invalid argument":                             &file.Error{Err: fs.ErrInvalid},
		": a.toml: invalid argument":                     fmt.Errorf("a.toml: %w", &file.Error{Err: fs.ErrInvalid}),
		": no position: invalid argument":                fmt.Errorf("no position: %w", fs.ErrInvalid),
		": second: file: other:3:5: invalid argument":    fmt.Errorf("second: %w", &file.Error{Path: "other", Line: 3, Column: 5, Err: fs.ErrInvalid}),
	} {
		path := filepath.Join(t.TempDir(), "app.conf")
		write(t, path, "x")
		got := file.New(path, func([]byte) (int, error) { return 0, err }).Serve(t.Context())
		require.EqualError(t, got, "file: "+path+want)
		require.ErrorIs(t, got, fs.ErrInvalid)
		require.IsType(t, new(file.Error), got)
	}
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "\uFEFFgood 1")
	s := serveFile(t, path)
	st := s.holds("good 1")
	require.Equal(t, hashOf("good 1"), st.Hash)
	replace(t, path, "good 1")
	replace(t, path, "good 2")
	require.EqualValues(t, 2, s.holds("good 2").Version)
}

// TestEqualContentPublishesNothing touches, rewrites and replaces. Only a new content is a
// new version.
func TestEqualContentPublishesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 1")
	decoded := 0
	s := serve(t, path, file.New(path, func(data []byte) (string, error) { decoded++; return words(data) }, file.Quiet(0)))
	s.holds("good 1")
	later := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(path, later, later))
	replace(t, path, "good 1")
	writeInPlace(t, path, "good 1")
	require.NoError(t, os.Chmod(path, 0o600))
	replace(t, path, "good 2")
	require.EqualValues(t, 2, s.holds("good 2").Version)
	replace(t, path, "bad")
	s.fails("bad word")
	before := file.Readings()
	replace(t, path, "bad")
	require.Eventually(t, func() bool { return file.Readings() > before }, patience, time.Millisecond)
	require.NoError(t, ignoreEnd(s.stop()))
	require.Equal(t, 3, decoded, "an equal content is not decoded again, even if it is bad")
}

func TestFirstError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	v := file.New(path, words)
	err := v.Serve(t.Context())
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, path)
	st, ok := event.Load(v.Status())
	require.True(t, ok)
	require.Equal(t, err, st.Err)
	require.Zero(t, st.Version)
	_, ok = v.Load()
	require.False(t, ok)
	noneLeft(t)

	// It can be run again, and then the file is there.
	write(t, path, "good 1")
	s := serve(t, path, v)
	s.holds("good 1")
	require.ErrorIs(t, s.stop(), context.Canceled)

	// The value does not end with Serve. After data, no error ends Serve.
	require.NoError(t, os.Remove(path))
	s = serve(t, path, v)
	s.fails("no such file")
	write(t, path, "good 2")
	require.EqualValues(t, 2, s.holds("good 2").Version)
}

func TestWait(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a", "b", "c", "app.conf")
	s := serveFile(t, path, file.Wait())
	require.ErrorIs(t, s.fails("no such file").Err, fs.ErrNotExist)
	mkdir(t, filepath.Dir(path))
	write(t, path, "bad")
	s.fails("bad word")
	replace(t, path, "good 1")
	s.holds("good 1")
}

func TestErrorsNameTheUsersPath(t *testing.T) {
	t.Chdir(t.TempDir())
	mkdir(t, "real")
	link(t, "real", "link")
	path := filepath.Join("link", "..", "link", "app.conf")
	err := file.New("link/../link/app.conf", words).Serve(t.Context())
	require.ErrorContains(t, err, "file: link/../link/app.conf: no such file")
	require.ErrorIs(t, err, fs.ErrNotExist)
	write(t, path, "good 1")
	v := file.New("link/../link/app.conf", words, file.Quiet(0))
	t.Chdir(t.TempDir()) // The path was resolved by New.
	serve(t, "link/../link/app.conf", v).holds("good 1")
}
