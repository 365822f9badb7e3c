package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"unicode/utf8"
)

// readFile reads the regular file at path. info is what lstat has found there. torn reports
// that the file was written or replaced after that. limit is the greatest number of bytes.
//
// A file that info does not describe as regular is not opened: opening a FIFO waits for a
// writer, and opening a device can have effects. A FIFO or a device that has replaced the
// file since then is opened, without waiting, and closed unread.
func readFile(path string, info fs.FileInfo, limit int) (data []byte, torn bool, err error) {
	if !info.Mode().IsRegular() {
		return nil, false, refuse(info.Mode())
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	opened, err := f.Stat()
	switch {
	case err != nil:
		return nil, false, err
	case !opened.Mode().IsRegular():
		return nil, false, refuse(opened.Mode())
	case opened.Size() > int64(limit):
		return nil, false, tooLarge(limit)
	}
	data, err = readUpTo(f, limit)
	if err != nil {
		return nil, false, err
	}
	after, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	// A file that was written since lstat may not have been watched yet, and its stamp is old.
	torn = !os.SameFile(info, opened) || after.Size() != info.Size() || !after.ModTime().Equal(info.ModTime())
	return data, torn, nil
}

func readUpTo(r io.Reader, limit int) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(min(limit, math.MaxInt-1))+1))
	if err != nil {
		return nil, err
	}
	if len(data) > limit {
		return nil, tooLarge(limit)
	}
	return data, nil
}

func tooLarge(limit int) error {
	return fmt.Errorf("%w: more than %d bytes (MaxSize)", ErrTooLarge, limit)
}

func isTooLarge(err error) bool { return errors.Is(err, ErrTooLarge) }

func withoutMark(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\uFEFF")) }

// text returns data without a byte order mark, if it is text.
func text(data []byte) ([]byte, error) {
	data = withoutMark(data)
	if len(data) == 0 {
		return nil, ErrEmpty
	}
	if !utf8.Valid(data) {
		line, column := Position(data, invalidAt(data))
		return nil, &Error{Line: line, Column: column, Err: ErrNotText}
	}
	return data, nil
}

// invalidAt returns the index of the first byte that is not UTF-8.
func invalidAt(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

// Position returns the line and the column of an offset in data, counted from 1. It is for
// decoders whose errors have an offset.
func Position(data []byte, offset int) (line, column int) {
	before := data[:max(0, min(offset, len(data)))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
