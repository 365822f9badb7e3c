package remote

import (
	"context"
	"sync"

	"github.com/eventvalue/event"
)

// A cell is the state of one key.
type cell[T any] struct {
	key    string
	codec  Codec[T]
	newest event.MemoryValue[*item[T]]
}

func (c *cell[T]) apply(u update) (undone bool) {
	// What a whole state does not have, is absent.
	change, found := Change{Key: c.key, Deleted: true}, u.full
	for _, other := range u.changes {
		if other.Key == c.key {
			change, found = other, true
		}
	}
	old, ok := c.newest.Load()
	if !found || ok && old.says(change) {
		return false
	}
	c.newest.Set(decode(c.codec, change))
	return u.undoes(change)
}

func (c *cell[T]) end(cause error) { _ = c.newest.CloseWithError(cause) }

// A cellWatcher is the Watcher of a Value. It is that of its cell, and leaves all that a watcher
// owes to that.
type cellWatcher[T any] struct {
	inner event.Watcher[*item[T]]

	mu    sync.Mutex
	cell  *cell[T] // nil after Close
	leave func()   // nil after Close
}

// Get implements [event.Watcher].
func (w *cellWatcher[T]) Get(ctx context.Context, opts ...event.GetOption[Entry[T]]) (Entry[T], error) {
	if len(opts) == 0 {
		return unpack(w.inner.Get(ctx))
	}
	backlog, accepted := backlogOnly(opts), false
	wait := backlog && w.early() // for the first state, and only that
	inner := [2]event.GetOption[*item[T]]{event.Filter(func(it *item[T]) bool {
		accepted = it.err != nil || accepts(opts, it.entry)
		return accepted || wait
	})}
	if backlog && !wait {
		inner[1] = event.BacklogOnly[*item[T]]()
	}
	it, err := w.inner.Get(ctx, inner[:]...)
	if err == nil && !accepted {
		return Entry[T]{}, event.BacklogDone
	}
	return unpack(it, err)
}

// early reports whether the store has not told the present state yet.
func (w *cellWatcher[T]) early() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cell == nil {
		return false
	}
	_, known := w.cell.newest.Load()
	return !known
}

// unpack returns what a Get that has got it and err returns.
func unpack[T any](it *item[T], err error) (Entry[T], error) {
	switch {
	case err != nil:
		return Entry[T]{}, err
	case it.err != nil:
		return Entry[T]{}, it.err
	}
	return it.entry, nil
}

// Changed implements [event.Watcher].
func (w *cellWatcher[T]) Changed() <-chan struct{} { return w.inner.Changed() }

// Close implements [event.Watcher].
func (w *cellWatcher[T]) Close() error {
	_ = w.inner.Close()
	w.mu.Lock()
	leave := w.leave
	w.leave, w.cell = nil, nil
	w.mu.Unlock()
	if leave != nil {
		leave()
	}
	return nil
}

// accepts reports whether all predicates among opts accept val.
func accepts[T any](opts []event.GetOption[T], val T) bool {
	for i := range opts {
		if pred := opts[i].Predicate; pred != nil && !pred(val) {
			return false
		}
	}
	return true
}

// backlogOnly reports whether BacklogOnly is among opts.
func backlogOnly[T any](opts []event.GetOption[T]) bool {
	for i := range opts {
		if opts[i].BacklogOnly {
			return true
		}
	}
	return false
}
