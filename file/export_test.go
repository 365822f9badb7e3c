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

// SetMaxEntries sets the greatest number of files below a NewDir.
func SetMaxEntries(n int) (restore func()) {
	old := maxEntries
	maxEntries = n
	return func() { maxEntries = old }
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

// Swept returns the number of members that the sweep looks at.
func Swept() (n int) {
	process.mu.Lock()
	defer process.mu.Unlock()
	for m := range process.members {
		if m.stamp.Load() != "" {
			n++
		}
	}
	return n
}

// Sweep is what the timer of w does.
func Sweep(w *fsnotify.Watcher) { process.sweep(w) }

// DeadWatches returns the number of watches that members use although they have ended.
func DeadWatches() (n int) {
	process.changing.Lock()
	defer process.changing.Unlock()
	process.mu.Lock()
	defer process.mu.Unlock()
	for m := range process.members {
		for w := range m.watches {
			if w.stale || process.watches[w.path] != w {
				n++
			}
		}
	}
	return n
}

// HoldWatcher is a call of the watcher that hangs until the returned function is called.
func HoldWatcher() (release func()) {
	process.changing.Lock()
	return process.changing.Unlock
}

// A script is a source whose contents are given.
type script struct {
	contents []string
	readings int
	onLook   func()
	moves    int // the number of looks that find the files elsewhere
}

func (s *script) name() string { return "script" }

func (s *script) look() *view {
	s.onLook()
	s.moves = max(0, s.moves-1)
	return &view{where: itoa(int64(s.moves)), stamp: "the same", read: func() (content, error) {
		text := s.contents[min(s.readings, len(s.contents)-1)]
		s.readings++
		return content{hash: text, files: map[string][]byte{"script": []byte(text)}}, nil
	}}
}

// NewScript returns a value that finds the contents, one at each reading, and then the last
// for good. It calls onLook before each look at the files.
func NewScript(contents []string, onLook func(), opts ...Option) *Value[string] {
	v := newScript(&script{contents: contents, onLook: onLook}, opts)
	v.follower.single = true
	return v
}

// NewRestless returns a value of a set whose files move at each of the first looks.
func NewRestless(looks int, opts ...Option) *Value[string] {
	return newScript(&script{contents: []string{"a"}, onLook: func() {}, moves: looks}, opts)
}

func newScript(s *script, opts []Option) *Value[string] {
	v := new(Value[string])
	v.follower.settings = newSettings(opts)
	v.setup(s, func(c content) (string, error) { return string(c.files["script"]), nil }, nil)
	return v
}

// Readings returns the number of readings of the process.
func Readings() uint64 { return readings.Load() }

// HoldDispatcher makes the dispatcher wait until the returned function is called.
func HoldDispatcher() (release func()) {
	process.mu.Lock()
	return process.mu.Unlock
}
