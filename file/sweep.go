package file

import (
	"time"

	"github.com/fsnotify/fsnotify"
)

// sweepEvery is the time between two sweeps. One timer serves all values of the process.
var sweepEvery = 5 * time.Second

// sweep looks for what the system does not report. An unmount ends a watch without an event,
// a mount over a directory makes no event, and some file systems report nothing. It only calls
// stat. It runs on the goroutine of a timer, so that it can wait for a slow file system.
func (h *hub) sweep(of *fsnotify.Watcher) {
	for _, m := range h.sweepWatches(of.WatchList()) {
		m.check()
	}
	h.changing.Lock()
	defer h.changing.Unlock()
	if h.watcher == of {
		h.timer.Reset(sweepEvery)
	}
}

// sweepWatches marks the watches stale that are not among the living, and wakes their
// users. It returns all members.
func (h *hub) sweepWatches(living []string) []*member {
	alive := make(map[string]bool, len(living))
	for _, path := range living {
		alive[path] = true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
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
