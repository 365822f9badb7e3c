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

// A Status is what is known of the file after the last look at it.
type Status struct {
	Version int   // What is in force; 0 before there is anything.
	Err     error // Why the file is not, or nil if it is.
}

// A Follower publishes the contents of a file, now and whenever they change for others that
// are valid. What is not valid is reported, and what was in force stays so.
type Follower struct {
	Path  string
	Value event.Value[*Config]

	// Quiet is how long nothing must have happened to the file before it is read. One
	// save is several events, and a file that is written in place is empty in between.
	Quiet time.Duration

	status  event.MemoryValue[Status]
	events  *fsnotify.Watcher
	target  string // The directory watched for the sake of a symbolic link, or "".
	current *Config
	last    Status
}

// Status tells how the file is doing. It is set after the Value, and ends when Run does,
// with the cause. It is a state, not a log: an error that was mended quickly may be skipped.
func (f *Follower) Status() event.ValueWatch[Status] { return &f.status }

// Run follows the file until ctx ends. It fails if the file cannot be loaded at the start;
// once there is a good configuration, no file, however broken, ends it. Run it once.
func (f *Follower) Run(ctx context.Context) (err error) {
	defer func() { _ = f.status.CloseWithError(err) }()
	if f.events, err = fsnotify.NewWatcher(); err != nil {
		return err
	}
	defer f.events.Close()
	if err = f.look(); err != nil {
		return err
	}
	return f.loop(ctx)
}

// loop looks at the file whenever something has happened around it.
func (f *Follower) loop(ctx context.Context) error {
	// An event does not mean a look at once but a timer, set anew by the next event, so
	// that the last event of a save is always followed by a look. Under events without end
	// there is one every now and then: no event waits for longer than ten times Quiet.
	timer := time.NewTimer(f.Quiet) // The first time in vain, most likely.
	defer timer.Stop()
	var deadline time.Time // Zero while no event waits.
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.events.Events:
			// Whatever it is: through symbolic links, much that goes by another name
			// changes the file. To look in vain is cheap and notifies nobody.
		case <-f.events.Errors:
			// Most often that events were lost. A look makes up for any of them.
		case <-timer.C:
			deadline = time.Time{}
			if err := f.look(); err != nil && !isConfigError(err) {
				timer.Reset(20 * f.Quiet) // Its directory may be gone too, and come back unseen.
			}
			continue
		}
		if deadline.IsZero() {
			deadline = time.Now().Add(10 * f.Quiet)
		}
		timer.Reset(min(f.Quiet, time.Until(deadline)))
	}
}

// look loads the file and publishes it if it says anything new.
func (f *Follower) look() error {
	next, err := f.load()
	if err == nil && len(next.Changes(f.current)) > 0 { // Else a comment has changed, or nothing.
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

// load watches where the file is and then loads it. In this order: a change that comes
// between the two is an event, and so is not lost.
func (f *Follower) load() (*Config, error) {
	if err := f.watch(); err != nil {
		return nil, err
	}
	return Load(f.Path)
}

// watch watches the directory of the file. Not the file itself: editors replace it, by
// another of the same name, and a watch stays with the one that is no more.
//
// If the file is a symbolic link, what it leads to may change where it is, and next time
// it may lead elsewhere. So the directory at its end is watched also, each time anew.
// (Kubernetes has a link in between, in the file's own directory, and swaps that.)
func (f *Follower) watch() error {
	dir, target := filepath.Dir(f.Path), ""
	// To add what is there already does nothing, or mends it if it is another by now.
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
		_ = f.events.Remove(f.target) // It may be gone, and the watch with it.
	}
	f.target = target
	return nil
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
