package file

import (
	"time"

	"github.com/fsnotify/fsnotify"
)

// SetFallback sets the interval of polling without the option, and returns what restores it.
func SetFallback(d time.Duration) (restore func()) {
	old := fallback
	fallback = d
	return func() { fallback = old }
}

// SetSweep sets the interval of the sweep.
func SetSweep(d time.Duration) (restore func()) {
	old := sweepEvery
	sweepEvery = d
	return func() { sweepEvery = old }
}

// SetNewWatcher replaces what makes the watcher of the process.
func SetNewWatcher(f func() (*fsnotify.Watcher, error)) (restore func()) {
	old := newWatcher
	newWatcher = f
	return func() { newWatcher = old }
}

// Overflow is what the hub does when the queue of the system overflows.
func Overflow() { process.lost() }

// Watching returns the number of watches and of members of the process.
func Watching() (watches, members int) {
	process.mu.Lock()
	defer process.mu.Unlock()
	return len(process.watches), len(process.members)
}

// Running reports whether the process has a watcher.
func Running() bool {
	process.changing.Lock()
	defer process.changing.Unlock()
	return process.watcher != nil
}

// Events returns the number of events that have woken members that are served now.
func Events() (n uint64) {
	process.mu.Lock()
	defer process.mu.Unlock()
	for m := range process.members {
		n += m.events.Load()
	}
	return n
}

// Readings returns the number of readings of the process.
func Readings() uint64 { return readings.Load() }

// HoldDispatcher makes the dispatcher wait until the returned function is called.
func HoldDispatcher() (release func()) {
	process.mu.Lock()
	return process.mu.Unlock
}
