package file

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

var (
	// ErrServing is the error of a Serve while another Serve of the same value runs.
	ErrServing = errors.New("file: Serve runs already: run one Serve of a value at a time")

	// ErrNotRegular is the error of a path that leads to a directory, a FIFO, a socket or
	// a device. It is not opened, unless it takes the place of a regular file just before
	// the open. It is then closed unread.
	ErrNotRegular = errors.New("not a regular file")

	// ErrTooLarge is the error of a file, a set or a directory that exceeds [MaxSize], and
	// of a directory with more than 10,000 files.
	ErrTooLarge = errors.New("too large")

	// ErrEmpty is the error of a file of 0 bytes, as many tools leave it for a moment
	// when they save. If nothing is meant, write a comment or a newline into the file.
	ErrEmpty = errors.New("the file is empty")

	// ErrNotText is the error of a file that is not valid UTF-8.
	ErrNotText = errors.New("not valid UTF-8")

	// ErrUnsettled is the error of files that changed during each of many readings. Several
	// files also have it if they have not rested for [Quiet] in ten times Quiet.
	// They are read again, even if they have never been loaded.
	ErrUnsettled = errors.New("it changes all the time")

	// ErrNotLoaded is the error of a [Certificate] that has not been loaded yet.
	ErrNotLoaded = errors.New("file: the certificate is not loaded: wait for Status")
)

// An Error is an error in a file. Decoders return it without a Path to name a position.
// The value that calls the decoder adds the path.
type Error struct {
	// Path is a path that was given to New, NewSet, NewDir, KeyPair or CA. It has all paths
	// of a set if the error is of no single file.
	Path string
	// Line and Column count from 1. They are 0 if the position is not known. A column is
	// counted in bytes.
	Line, Column int
	Err          error
}

// Error returns a text of the form "file: path:line:column: error", without what is not
// known. Without a path it begins with the line.
func (e *Error) Error() string {
	var at []string
	if e.Path != "" {
		at = append(at, "file: "+e.Path)
	}
	if e.Line > 0 {
		at = append(at, strconv.Itoa(e.Line))
		if e.Column > 0 {
			at = append(at, strconv.Itoa(e.Column))
		}
	}
	if len(at) == 0 {
		return e.Err.Error()
	}
	return strings.Join(at, ":") + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// named returns err as an Error of path. An Error that names a path stays as it is. An Error
// without a path gets path; in any other error it stays, with its position, where it is.
func named(path string, err error) error {
	e, ok := err.(*Error)
	switch {
	case !ok:
		return &Error{Path: path, Err: err}
	case e.Path != "":
		return e
	}
	return &Error{Path: path, Line: e.Line, Column: e.Column, Err: e.Err}
}

// withoutPath returns the error of a system call without the path that package os adds,
// which is not the one that the user gave. It names at if that is another path.
func withoutPath(path, at string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	if at != "" && at != path {
		return fmt.Errorf("%w (at %s)", err, at)
	}
	return err
}

// refuse returns the error of a path that leads to something else than a regular file.
func refuse(mode fs.FileMode) error {
	kind := "a special file"
	switch {
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a FIFO"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("%w but %s", ErrNotRegular, kind)
}
