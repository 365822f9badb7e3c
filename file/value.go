package file

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/eventvalue/event"
)

// A Value is the newest good state of one or several files. It is an [event.ValueWatch] and
// an [event.Loader]: watch it, or load it.
//
// New, NewSet and NewDir make a Value. It has no data until Serve has loaded the files. It
// must not be copied. All methods may be called concurrently.
//
// A Value publishes the result of its decoder if the content differs from the content in
// force. If a file is broken, empty, deleted, too large, unreadable or not text, only the
// Status changes: the last good state stays. The Status is good again when the files are.
// What the decoder does before it returns synchronizes before the Get or Load that observes
// its result.
//
// The Value does not end, and its watchers get no end: neither when Serve returns nor when
// the file is deleted. A Get ends with its context.
type Value[T any] struct {
	follower follower
	value    event.MemoryValue[T]
}

// New returns a Value that follows the file at path. A relative path is resolved now.
//
// decode makes the data of the content of the file. It gets text: valid UTF-8, not empty,
// and without a byte order mark. It must not keep or modify the slice after it has returned
// unless the data need it: then the slice is theirs. It may return an [*Error] to name a
// position. The Status then has the path, too.
//
// decode runs on a goroutine of its own, without a lock. Its calls do not overlap. It must
// return: Serve does not wait for it after the end of its context, but no other reading
// begins before.
//
// A panic of decode is a panic of Serve, with an error whose text has the value and the stack
// of decode. The error wraps a value that is an error. If Serve has returned before, the
// panic is one of the goroutine, which ends the program. If decode calls [runtime.Goexit], as a
// FailNow of package testing does, it ends the goroutine of Serve.
//
// New panics if path is empty or decode is nil.
func New[T any](path string, decode func([]byte) (T, error), opts ...Option) *Value[T] {
	mustBePath("New", path)
	mustBeFunction("New", decode == nil)
	return newFiles([]string{path}, func(files map[string][]byte) (T, error) {
		return decode(files[path])
	}, nil, opts)
}

// NewSet returns a Value that follows several files, which are read together. decode gets
// the contents under the paths as they are given here. See New for the rest.
//
// Two readings in a row have found the same files with the same contents. So decode gets no
// mixture from a writer that makes a new directory and then replaces the one link that leads
// to all files, as ..data does in a volume of Kubernetes. A writer that changes one file after
// the other must not pause in between for as long as [Quiet]. Otherwise decode can get a
// mixture, and so it can while Serve begins, because the first reading does not wait. Let decode
// refuse what does not fit.
//
// While files change again and again without such a pause, nothing is published: the last good
// state stays, and after ten times Quiet the Status has [ErrUnsettled]. So do not put a file
// that is written all the time, such as a log, into a set or a directory.
//
// NewSet panics if paths is empty, if a path is empty or decode is nil.
func NewSet[T any](paths []string, decode func(map[string][]byte) (T, error), opts ...Option) *Value[T] {
	if len(paths) == 0 {
		panic("file: NewSet: no path")
	}
	for _, path := range paths {
		mustBePath("NewSet", path)
	}
	mustBeFunction("NewSet", decode == nil)
	return newFiles(slices.Clone(paths), decode, nil, opts)
}

// NewDir returns a Value that follows the files below the directory dir, such as conf.d.
//
// decode gets a copy in memory of all files, which are read together: see NewSet. Links are
// followed. A byte order mark is skipped; otherwise the bytes are as they are.
//
// Hidden files and directories are left out, and so is what editors leave: names that begin
// with a dot, end with ~ or .swp, or begin and end with #. decode does not find them. All
// other files are read, even if decode does not open them. They count for Hash, so that a
// change of one is a new version, and for MaxSize.
//
// A file or directory below dir that cannot be read is listed, and opening it returns the
// error. So decode should open only what it needs, for example what [fs.Glob] finds. A file
// whose name is not valid UTF-8 cannot be opened.
//
// A directory with more than 10,000 files and directories, at all depths and behind links, is
// refused with [ErrTooLarge]. Only the directory itself is watched then: a change below it is
// found within 5 seconds.
//
// NewDir panics if dir is empty or decode is nil.
func NewDir[T any](dir string, decode func(fs.FS) (T, error), opts ...Option) *Value[T] {
	mustBePath("NewDir", dir)
	mustBeFunction("NewDir", decode == nil)
	v := new(Value[T])
	v.follower.settings = newSettings(opts)
	v.setup(newDir(dir, v.follower.settings.maxSize), func(c content) (T, error) { return decode(c.tree) }, nil)
	return v
}

// newFiles returns a Value of files. notAfter returns the time for the Status, or is nil.
func newFiles[T any](names []string, decode func(map[string][]byte) (T, error), notAfter func(T) time.Time, opts []Option) *Value[T] {
	v := new(Value[T])
	v.follower.settings = newSettings(opts)
	v.follower.single = len(names) == 1
	v.setup(newPaths(names, v.follower.settings.maxSize), func(c content) (T, error) { return decode(c.files) }, notAfter)
	return v
}

func (v *Value[T]) setup(s source, decode func(content) (T, error), notAfter func(T) time.Time) {
	f := &v.follower
	f.source = s
	f.busy = make(chan struct{}, 1)
	f.decode = func(c content) (func() time.Time, error) {
		val, err := decode(c)
		if err != nil {
			return nil, err
		}
		return func() (t time.Time) {
			v.value.Set(val)
			if notAfter != nil {
				t = notAfter(val)
			}
			return t
		}, nil
	}
}

// Serve loads the files, and then follows them until ctx ends. It returns:
//
//   - ctx.Err(), once ctx has ended. Serve does not wait for a reading that is in progress.
//     Its result is dropped.
//   - the error of the first load, if the Value has never had data and [Wait] is not given.
//     A save may be in progress, so a load that fails is repeated once, after [Quiet].
//     [ErrUnsettled] does not count: the files are read again.
//   - [ErrServing], if another Serve of this Value runs.
//
// After the first load no error of a file ends Serve. It can be run again, by a supervisor
// for one, and then reports in the Status what has changed in the meantime.
//
// Serve panics if ctx is nil.
//
// Cost: no goroutine except the caller's, plus one while files are read. All Values that are
// served share one inotify instance, one goroutine that receives its events, and a timer.
// A Value takes one watch for each directory and file on the way to its files. Values share
// watches. After Serve has returned, its watches may take a moment to end.
func (v *Value[T]) Serve(ctx context.Context) error { return v.follower.serve(ctx) }

// Watch returns a new watcher of the data: see [event.MemoryValue.Watch].
func (v *Value[T]) Watch() event.Watcher[T] { return v.value.Watch() }

// Load returns the last good data and true, or zero and false before the first load.
func (v *Value[T]) Load() (T, bool) { return v.value.Load() }

// LoadVersion is Load with the version of the data: see [event.LoadVersion]. Views call it
// instead of Load. So a type that embeds a Value and has a Load of its own needs a
// LoadVersion, too.
func (v *Value[T]) LoadVersion() (val T, version uint64, ok bool) {
	return event.LoadVersion(&v.value)
}

// Status returns the state of the value as a value of its own. It is set after the data, so
// that the data of its Version, or newer, can be loaded. It has no data before the first
// attempt. It is a state and no log: a watcher may skip an error that was corrected soon.
func (v *Value[T]) Status() event.ValueWatch[Status] { return &v.follower.status }

// absolute returns the absolute path of name. It does not clean it, because a link before
// ".." makes a difference.
func absolute(name string) (string, error) {
	switch {
	case runtime.GOOS == "windows":
		return filepath.Abs(name)
	case filepath.IsAbs(name):
		return name, nil
	}
	wd, err := os.Getwd()
	return wd + string(filepath.Separator) + name, err
}

func mustBePath(function, path string) {
	if path == "" {
		panic("file: " + function + ": empty path")
	}
}

func mustBeFunction(function string, isNil bool) {
	if isNil {
		panic("file: " + function + ": nil function")
	}
}
