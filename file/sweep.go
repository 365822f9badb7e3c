package file

import (
	"time"

	"github.com/fsnotify/fsnotify"
)

// sweepEvery is the time between two sweeps. One timer serves all values of the process.
var sweepEvery = 5 * time.Second

// sweep looks for what the system does not report. An unmount ends a watch without an event,
// a mount over a directory makes no event, and some file systems report nothing. It reads no
// file: it calls lstat, readlink and, for directories, readdir.
//
// It runs on the goroutine of the timer. The next sweep does not wait for this one. So if a
// call for one member hangs, the next sweep checks the others.
func (h *hub) sweep(of *fsnotify.Watcher) {
	for _, m := range h.sweepWatches(of, of.WatchList()) {
		m.check()
	}
}

// sweepWatches marks the watches stale that are not among the living of the watcher of, and
// wakes their users. It returns all members, and sets the timer of the next sweep. If the
// watcher was closed, sweepWatches does nothing.
func (h *hub) sweepWatches(of *fsnotify.Watcher, living []string) []*member {
	alive := make(map[string]bool, len(living))
	for _, path := range living {
		alive[path] = true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watcher != of {
		return nil
	}
	h.timer.Reset(sweepEvery)
	for path, w := range h.watches {
		if !alive[path] && !w.stale {
			w.stale = true
			h.wake(path)
		}
	}
	members := make([]*member, 0, len(h.members))
	for m := range h.members {
		members = append(members, m)
	}
	return members
}
