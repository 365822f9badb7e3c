package remote

import "github.com/eventvalue/event"

// MaxTombstones is how many deletions a Range remembers.
const MaxTombstones = maxTombstones

// LogSize returns how long the log is that w goes by, and how many keys with an item there are.
func LogSize[T any](w event.Watcher[Entry[T]]) (log, items int) {
	t := w.(*rangeWatcher[T]).table
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.log), len(t.items)
}

// Ahead returns how many places of the log the next Get of w has to look at, at most.
func Ahead[T any](w event.Watcher[Entry[T]]) int {
	r := w.(*rangeWatcher[T])
	r.table.mu.Lock()
	defer r.table.mu.Unlock()
	return len(r.table.log) - r.table.find(r.at.seq+1)
}
