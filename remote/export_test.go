package remote

import (
	"context"

	"github.com/eventvalue/event"
)

// MaxWrites is the number of writes whose revisions a Value keeps.
const MaxWrites = maxWrites

// MinTombstones is the number of tombstones that a Range with few keys keeps.
const MinTombstones = minTombstones

// LogSize returns the number of slots and of items in the table that w reads.
func LogSize[T any](w event.Watcher[Entry[T]]) (log, items int) {
	t := w.(*rangeWatcher[T]).table
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.log), len(t.items)
}

// Ahead returns the number of slots between the position of w and the end of
// the log.
func Ahead[T any](w event.Watcher[Entry[T]]) int {
	r := w.(*rangeWatcher[T])
	r.table.mu.Lock()
	defer r.table.mu.Unlock()
	return len(r.table.log) - r.table.find(r.at.seq+1)
}

// Explain is the method explain of a Status, for a value.
func Explain(s Status, ctx context.Context, err error) error { return s.explain(ctx, err, "value") }

// Attached returns the number of keys with Values in the table that w reads.
func Attached[T any](w event.Watcher[Entry[T]]) int {
	t := w.(*rangeWatcher[T]).table
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.attached)
}
