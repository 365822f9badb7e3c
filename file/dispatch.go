package file

import (
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// dispatch passes on the events of w until w is closed. It waits for no member.
func (h *hub) dispatch(w *fsnotify.Watcher, ended chan<- struct{}) {
	defer close(ended)
	for {
		select {
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			h.event(e)
		case _, ok := <-w.Errors:
			if !ok {
				return
			}
			h.lost()
		}
	}
}

// event wakes the members that follow the name in e.
func (h *hub) event(e fsnotify.Event) {
	name := filepath.Clean(e.Name)
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.watches[name]; w != nil && e.Op&(fsnotify.Remove|fsnotify.Rename|fsnotify.Create) != 0 {
		w.stale = true // Another file has the name now, or none.
	}
	h.wake(name)
	if !leftOut(filepath.Base(name)) {
		h.wake(allNames(filepath.Dir(name)))
	}
}

// lost wakes all members, because any event may be missing: the queue was full, or the
// system has reported an error. The ends of watches may be missing, too.
func (h *hub) lost() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.watches {
		w.stale = true
	}
	for m := range h.members {
		m.notify()
	}
}

// wake wakes the listeners of topic. The caller holds mu.
func (h *hub) wake(topic string) {
	for m := range h.listeners[topic] {
		m.notify()
	}
}
