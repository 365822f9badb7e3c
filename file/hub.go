package file

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// newWatcher is replaced by tests.
var newWatcher = fsnotify.NewWatcher

// process is the hub of this process. All values share it, because a user of the system has
// few inotify instances.
var process hub

// A hub owns the one fsnotify.Watcher of the process, and wakes the members that an event
// concerns. The watcher exists while there are members.
//
// A member first calls update and then reads. An event before that is covered by the
// reading, and an event after it wakes the member.
//
// What ends, and when:
//
//	release   one member no longer uses a watch; its last user ends it
//	drop      a watch ends; members that still use it are woken, and make another
//	unlisten  the events of a member end
//	leave     a Serve has returned: its member no longer listens, and releases its watches
//	stop      the last member has left: the watcher, the dispatcher and the timer end
//
// Two mutexes: changing is held during calls of the watcher, and mu for map operations only.
// The dispatcher takes only mu. It could otherwise wait for a caller that waits for the
// watcher, which waits for the dispatcher.
type hub struct {
	changing sync.Mutex
	ended    chan struct{} // closed when the dispatcher has ended; guarded by changing

	mu        sync.Mutex
	watcher   *fsnotify.Watcher               // nil without members; changed with both mutexes held
	timer     *time.Timer                     // of the next sweep
	watches   map[string]*watch               // by path
	byID      map[string]*watch               // by the identity of the file
	listeners map[string]map[*member]struct{} // by the path in an event: see allNames
	members   map[*member]struct{}
}

// A watch is a directory or a file that the system watches. The system does that by inode.
// So two paths to one inode, by a hard link or a bind mount, share a watch.
type watch struct {
	path, id string
	users    int // the number of members that use it; guarded by changing

	// stale reports that the watch may have ended, because the file was removed or
	// replaced. The next member that needs it makes another. Guarded by mu.
	stale bool
}

// allNames is the topic of the listeners for all names in a directory.
func allNames(dir string) string { return filepath.Join(dir, "*") + "\x00" }

// update makes m depend on d, instead of its former dependencies. If something cannot be
// watched, update returns the error, and m depends on the rest.
func (h *hub) update(m *member, d dependencies) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	if m.left {
		return nil // Serve has returned; only its last reading is in progress.
	}
	if err := h.start(); err != nil {
		return explained(err)
	}
	next, topics, err := h.watchAll(d)
	for w := range next {
		if _, ok := m.watches[w]; !ok {
			w.users++
		}
	}
	h.listen(m, topics, next)
	for w := range m.watches {
		if _, ok := next[w]; !ok {
			h.release(w)
		}
	}
	m.watches = next
	return err
}

// watchAll watches d. It returns the watches, the topics of the events that concern d, and
// the error of the first path that cannot be watched.
func (h *hub) watchAll(d dependencies) (map[*watch]struct{}, []string, error) {
	var failed error
	watches, topics := map[*watch]struct{}{}, []string(nil)
	for _, path := range slices.Sorted(maps.Keys(d)) {
		w, err := h.watchOf(path, d[path].id)
		if err != nil {
			if failed == nil {
				failed = fmt.Errorf("%s: %w", path, explained(err))
			}
			continue
		}
		watches[w] = struct{}{}
		topics = append(topics, w.path)
		for name := range d[path].names {
			topics = append(topics, filepath.Join(w.path, name))
		}
		if d[path].all {
			topics = append(topics, allNames(w.path))
		}
	}
	return watches, topics, failed
}

// explained adds to an error of the watcher how to mend it.
func explained(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w (the limit is fs.inotify.max_user_watches)", err)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w (the limit is fs.inotify.max_user_instances, or that of open files)", err)
	}
	return err
}

// watchOf returns the watch of the file with the identity id, which is at path.
func (h *hub) watchOf(path, id string) (*watch, error) {
	h.mu.Lock()
	same, other := h.byID[id], h.watches[path]
	usable := same != nil && !same.stale
	h.mu.Unlock()
	if usable {
		return same, nil
	}
	h.drop(same)
	h.drop(other) // The path led to another file, which may live on elsewhere.
	if err := h.watcher.Add(path); err != nil {
		return nil, err
	}
	w := &watch{path: path, id: id}
	h.mu.Lock()
	h.watches[path], h.byID[id] = w, w
	h.mu.Unlock()
	return w, nil
}

// drop ends a watch. Members that still use it are woken, and make another.
func (h *hub) drop(w *watch) {
	if w == nil {
		return
	}
	h.mu.Lock()
	current := h.watches[w.path] == w
	if current {
		delete(h.watches, w.path)
		delete(h.byID, w.id)
	}
	if !w.stale {
		w.stale = true
		h.wake(w.path)
	}
	h.mu.Unlock()
	if current {
		_ = h.watcher.Remove(w.path) // The system may have done so already.
	}
}

// release ends the use of w by one member.
func (h *hub) release(w *watch) {
	if w.users--; w.users == 0 {
		h.drop(w)
	}
}

// listen makes the events with the given topics, and no others, wake m. A watch that became
// stale before that did not wake m; then listen does.
func (h *hub) listen(m *member, topics []string, watches map[*watch]struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unlisten(m)
	m.topics = topics
	for _, topic := range topics {
		if h.listeners[topic] == nil {
			h.listeners[topic] = map[*member]struct{}{}
		}
		h.listeners[topic][m] = struct{}{}
	}
	for w := range watches {
		if w.stale {
			m.notify()
		}
	}
	h.members[m] = struct{}{}
}

// unlisten ends the events of m. The caller holds mu.
func (h *hub) unlisten(m *member) {
	for _, topic := range m.topics {
		delete(h.listeners[topic], m)
		if len(h.listeners[topic]) == 0 {
			delete(h.listeners, topic)
		}
	}
	m.topics = nil
}

// leave ends the membership of m for good. It does not wait for a call of the watcher that
// is in progress: a goroutine then ends the membership after the call.
func (h *hub) leave(m *member) {
	if h.changing.TryLock() {
		defer h.changing.Unlock()
		h.remove(m)
		return
	}
	go func() {
		h.changing.Lock()
		defer h.changing.Unlock()
		h.remove(m)
	}()
}

// remove is leave for a caller that holds changing.
func (h *hub) remove(m *member) {
	m.left = true
	h.mu.Lock()
	h.unlisten(m)
	delete(h.members, m)
	h.mu.Unlock()
	for w := range m.watches {
		h.release(w)
	}
	m.watches = nil
	h.stop()
}

// start makes the watcher, if there is none. The caller holds changing.
func (h *hub) start() error {
	if h.watcher != nil {
		return nil
	}
	w, err := newWatcher()
	if err != nil {
		return err
	}
	h.ended = make(chan struct{})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watches, h.byID = map[string]*watch{}, map[string]*watch{}
	h.listeners, h.members = map[string]map[*member]struct{}{}, map[*member]struct{}{}
	h.watcher = w
	h.timer = time.AfterFunc(sweepEvery, func() { h.sweep(w) })
	go h.dispatch(w, h.ended)
	return nil
}

// stop ends the watcher once the last member has left. The caller holds changing.
func (h *hub) stop() {
	h.mu.Lock()
	w := h.watcher
	if w == nil || len(h.members) > 0 {
		h.mu.Unlock()
		return
	}
	h.watcher = nil
	h.timer.Stop()
	h.mu.Unlock()
	_ = w.Close()
	<-h.ended
}
