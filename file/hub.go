package file

import (
	"path/filepath"
	"sync"
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
// A member first calls follow and then reads. An event before that is covered by the
// reading, and an event after it wakes the member.
//
// Two mutexes: changing is held during calls of the watcher, and mu for map operations only.
// The dispatcher takes only mu. It could otherwise wait for a caller that waits for the
// watcher, which waits for the dispatcher.
type hub struct {
	changing sync.Mutex
	watcher  *fsnotify.Watcher // nil without members; guarded by changing
	ended    chan struct{}     // closed when the dispatcher has ended
	timer    *time.Timer       // of the next sweep

	mu        sync.Mutex
	watches   map[string]*watch               // by path
	byID      map[string]*watch               // by the identity of the file
	listeners map[string]map[*member]struct{} // by the path in an event: see allNames
	members   map[*member]struct{}
}

// A watch is a directory or a file that the system watches. The system does that by inode.
// So two paths to one inode, by a hard link or a bind mount, share a watch.
type watch struct {
	path, id string
	users    int // the members that use it; guarded by changing

	// stale reports that the watch may have ended, because the file was removed or
	// replaced. The next member that needs it makes another. Guarded by mu.
	stale bool
}

// allNames is the key of the listeners for all names in a directory.
func allNames(dir string) string { return filepath.Join(dir, "*") + "\x00" }

// follow makes m follow d, instead of what it followed before. If something cannot be
// watched, follow returns the error, and m follows the rest.
func (h *hub) follow(m *member, d dependencies) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	if m.left {
		return nil // Serve has returned; only its last reading is in progress.
	}
	if err := h.start(); err != nil {
		return err
	}
	next, keys, err := h.watchAll(d)
	for w := range next {
		if _, ok := m.watches[w]; !ok {
			w.users++
		}
	}
	h.listen(m, keys)
	for w := range m.watches {
		if _, ok := next[w]; !ok {
			h.release(w)
		}
	}
	m.watches = next
	return err
}

// watchAll watches d. It returns the watches, and the keys of the events that concern d.
func (h *hub) watchAll(d dependencies) (map[*watch]struct{}, []string, error) {
	var failed error
	watches, keys := map[*watch]struct{}{}, []string(nil)
	for path, p := range d {
		w, err := h.watch(path, p.id)
		if err != nil {
			failed = err
			continue
		}
		watches[w] = struct{}{}
		keys = append(keys, w.path)
		for name := range p.names {
			keys = append(keys, filepath.Join(w.path, name))
		}
		if p.all {
			keys = append(keys, allNames(w.path))
		}
	}
	return watches, keys, failed
}

// watch returns the watch of the file with the identity id, which is at path.
func (h *hub) watch(path, id string) (*watch, error) {
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

// listen makes the events with the given keys, and no others, wake m. A watch that became
// stale before that did not wake m; then listen does.
func (h *hub) listen(m *member, keys []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unlisten(m)
	m.keys = keys
	for _, key := range keys {
		if h.listeners[key] == nil {
			h.listeners[key] = map[*member]struct{}{}
		}
		h.listeners[key][m] = struct{}{}
		if w := h.watches[key]; w != nil && w.stale {
			m.notify()
		}
	}
	h.members[m] = struct{}{}
}

// unlisten ends the events of m. The caller holds mu.
func (h *hub) unlisten(m *member) {
	for _, key := range m.keys {
		delete(h.listeners[key], m)
		if len(h.listeners[key]) == 0 {
			delete(h.listeners, key)
		}
	}
	m.keys = nil
}

// leave ends the membership of m for good.
func (h *hub) leave(m *member) {
	h.changing.Lock()
	defer h.changing.Unlock()
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
	h.mu.Lock()
	h.watches, h.byID = map[string]*watch{}, map[string]*watch{}
	h.listeners, h.members = map[string]map[*member]struct{}{}, map[*member]struct{}{}
	h.mu.Unlock()
	h.watcher, h.ended = w, make(chan struct{})
	go h.dispatch(w, h.ended)
	h.timer = time.AfterFunc(sweepEvery, func() { h.sweep(w) })
	return nil
}

// stop ends the watcher once the last member has left. The caller holds changing.
func (h *hub) stop() {
	h.mu.Lock()
	members := len(h.members)
	h.mu.Unlock()
	if h.watcher == nil || members > 0 {
		return
	}
	h.timer.Stop()
	_ = h.watcher.Close()
	<-h.ended
	h.watcher = nil
}
