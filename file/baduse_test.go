package file_test

import (
	"context"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

func TestBadUsePanics(t *testing.T) {
	set := func(map[string][]byte) (int, error) { return 0, nil }
	for want, f := range map[string]func(){
		"file: New: empty path":                    func() { file.New("", words) },
		"file: New: nil function":                  func() { file.New[int]("a", nil) },
		"file: NewSet: no path":                    func() { file.NewSet(nil, set) },
		"file: NewSet: empty path":                 func() { file.NewSet([]string{"a", ""}, set) },
		"file: NewSet: nil function":               func() { file.NewSet[int]([]string{"a"}, nil) },
		"file: NewDir: empty path":                 func() { file.NewDir("", func(fs.FS) (int, error) { return 0, nil }) },
		"file: NewDir: nil function":               func() { file.NewDir[int]("a", nil) },
		"file: KeyPair: empty path":                func() { file.KeyPair("a", "") },
		"file: CA: empty path":                     func() { file.CA("") },
		"file: nil Option":                         func() { file.New("a", words, nil) },
		"file: Poll: the interval is not positive": func() { file.Poll(0) },
		"file: Quiet: the duration is negative":    func() { file.Quiet(-1) },
		"file: MaxSize: the size is not positive":  func() { file.MaxSize(0) },
		"file: Logger: nil logger":                 func() { file.Logger(nil) },
		"file: Value.Serve: nil context":           func() { var none context.Context; _ = file.New("a", words).Serve(none) },
	} {
		require.PanicsWithValue(t, want, f)
	}
}
