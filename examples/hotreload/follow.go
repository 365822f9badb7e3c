package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/eventvalue/event"
)

// A Status is the state of the file after it was read last.
type Status struct {
	Version int   // The version in force; 0 before the first one.
	Err     error // Why the file is not in force, or nil if it is.
}

// A Follower publishes the contents of a file when it starts, and after each
// change to other valid contents. It reports contents that are not valid, and
// the version in force stays in force.
type Follower struct {
	Path  string
	Value event.Value[*Config]

	// Quiet is the time without events after which the file is read. A save
	// consists of several events, and a file that is written in place is empty
	// between them.
	Quiet time.Duration

	status  event.MemoryValue[Status]
	events  *fsnotify.Watcher
	target  string // The directory that is watched because of a symbolic link, or "".
	current *Config
	last    Status
}

// Status returns a view of the status of the file. The status is set after the
// Value. It is closed when Run returns, with the error of Run as the cause. It
// is a state, not a log: an error that was corrected quickly may be skipped.
func (f *Follower) Status() event.ValueWatch[Status] { return &f.status }

// Run follows the file until ctx ends. It fails if the file cannot be loaded at
// the start. Once there is a valid configuration, no error in the file ends it.
// Run may be called only once.
func (f *Follower) Run(ctx context.Context) (err error) {
	defer func() { _ = f.status.CloseWithError(err) }()
	if f.events, err = fsnotify.NewWatcher(); err != nil {
		return err
	}
	defer f.events.Close()
	if err = f.reload(); err != nil {
		return err
	}
	return f.loop(ctx)
}

// loop reloads the file after events in its directories.
func (f *Follower) loop(ctx context.Context) error {
	// An event does not reload the file immediately, but resets a timer. The
	// file is therefore always reloaded after the last event of a save. No
	// event waits for longer than ten times Quiet, even if there are events all
	// the time.
	timer := time.NewTimer(f.Quiet) // The first reload usually finds no change.
	defer timer.Stop()
	var deadline time.Time // Zero while no event waits.
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.events.Events:
			// Every event resets the timer, because an event of another name
			// can change the file through symbolic links. A reload without a
			// change is cheap and notifies no watcher.
		case <-f.events.Errors:
			// Usually, events were lost. A reload has the same effect as any of
			// them.
		case <-timer.C:
			deadline = time.Time{}
			if err := f.reload(); err != nil && !isConfigError(err) {
				timer.Reset(20 * f.Quiet) // Its directory may have been deleted and be made again without an event.
			}
			continue
		}
		if deadline.IsZero() {
			deadline = time.Now().Add(10 * f.Quiet)
		}
		timer.Reset(min(f.Quiet, time.Until(deadline)))
	}
}

// reload loads the file and publishes it if a setting has changed.
func (f *Follower) reload() error {
	next, err := f.load()
	if err == nil && len(next.Changes(f.current)) > 0 { // Otherwise at most a comment has changed.
		next.Version = f.last.Version + 1
		f.current = next
		f.Value.Set(next)
	}
	f.report(err)
	return err
}

// report sets the status, unless it would repeat the last one.
func (f *Follower) report(err error) {
	s := Status{Err: err}
	if f.current != nil {
		s.Version = f.current.Version
	}
	if s.Version != f.last.Version || text(s.Err) != text(f.last.Err) {
		f.last = s
		f.status.Set(s)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func isConfigError(err error) bool {
	_, ok := errors.AsType[*ConfigError](err)
	return ok
}

// load watches the directories of the file and then loads it. In this order, a
// change between the two steps is an event, and is not lost.
func (f *Follower) load() (*Config, error) {
	if err := f.watch(); err != nil {
		return nil, err
	}
	return Load(f.Path)
}

// watch watches the directory of the file. It does not watch the file itself,
// because editors replace the file by another one of the same name, and a watch
// would stay with the old file.
//
// If the file is a symbolic link, its target may change, and the link may lead
// to another target later. watch therefore also watches the present directory
// of the target. Kubernetes uses an intermediate link in the directory of the
// file, and replaces the intermediate link.
func (f *Follower) watch() error {
	dir, target := filepath.Dir(f.Path), ""
	// Adding a directory again has no effect, unless it is another directory by
	// now.
	if err := f.events.Add(dir); err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	if file, err := filepath.EvalSymlinks(f.Path); err == nil && !sameFile(filepath.Dir(file), dir) {
		target = filepath.Dir(file)
		if err := f.events.Add(target); err != nil {
			return fmt.Errorf("watch %s: %w", target, err)
		}
	}
	if f.target != "" && f.target != target {
		_ = f.events.Remove(f.target) // The directory may have been deleted, with its watch.
	}
	f.target = target
	return nil
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
