package remote

import (
	"context"
	"errors"
	"sync"

	"github.com/eventvalue/event"
)

// A rangeWatcher is the Watcher of a Range: a position in its table, and a watcher of the
// table's pulse to wait with.
type rangeWatcher[T any] struct {
	pulse event.Watcher[uint64]

	mu    sync.Mutex
	busy  bool // a Get is in progress
	at    position
	table *table[T] // nil after Close
	leave func()    // nil after Close
}

// Keyed says that the entries do not replace each other.
func (w *rangeWatcher[T]) Keyed() {}

// Get implements [event.Watcher].
func (w *rangeWatcher[T]) Get(ctx context.Context, opts ...event.GetOption[Entry[T]]) (Entry[T], error) {
	if ctx == nil {
		panic("event: Watcher.Get: nil context")
	}
	t, at, err := w.begin(ctx)
	if err != nil {
		return Entry[T]{}, err
	}
	// Deferred, because a predicate may panic: then the watcher has not moved.
	defer func() { w.finish(at) }()
	s, moved, err := w.await(ctx, t, at, opts)
	at = moved
	if err == nil {
		err = s.err
	}
	if err != nil {
		return Entry[T]{}, err
	}
	return s.entry, nil
}

// await returns what a Get returns, and where the watcher is then.
func (w *rangeWatcher[T]) await(ctx context.Context, t *table[T], at position, opts []event.GetOption[Entry[T]]) (s step[T], moved position, err error) {
	// BacklogOnly looks at what is there when it begins: its Get would not end under a
	// producer that is faster than a predicate that rejects.
	looked, backlog, limit := at, backlogOnly(opts), uint64(0)
	for {
		// Pulse before table: what is set in between ends the wait below.
		end, err := w.drain(ctx)
		if err != nil {
			return s, at, err
		}
		if backlog && limit == 0 {
			limit = t.newest()
		}
		next, ok := t.next(looked)
		if ok && backlog && next.seq > limit {
			return s, looked, event.BacklogDone
		}
		looked = next.to
		switch {
		case ok:
			if next.err == nil && !accepts(opts, next.entry) {
				continue
			}
			// The predicates may have taken long, or ended one or the other. And the pulse of what
			// is returned may have come only now: it would close the next Changed. Of what
			// is newer Changed knows by the table.
			if _, err := w.drain(ctx); err != nil {
				return s, at, err
			}
			return next, looked, nil
		case end != nil:
			return s, looked, end
		case backlog && limit != 0:
			return s, looked, event.BacklogDone
		}
		if _, err := w.listen(ctx); err != nil {
			return s, at, err
		}
	}
}

// noWait is one for all: an option that is made for a Get is an allocation.
var noWait = []event.GetOption[uint64]{event.BacklogOnly[uint64]()}

// drain hears what the pulse has to say.
func (w *rangeWatcher[T]) drain(ctx context.Context) (end, hindrance error) {
	return w.listen(ctx, noWait...)
}

// listen is a Get on the pulse. It returns apart the end of the range, for which something may
// yet be there to be returned, and what ends a Get in any case.
func (w *rangeWatcher[T]) listen(ctx context.Context, opts ...event.GetOption[uint64]) (end, hindrance error) {
	_, err := w.pulse.Get(ctx, opts...)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil || err == event.BacklogDone:
		return nil, nil
	case errors.Is(err, event.ErrClosed):
		return err, nil
	}
	return nil, err
}

// begin makes w busy, and returns its table and where it is.
func (w *rangeWatcher[T]) begin(ctx context.Context) (*table[T], position, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch err := ctx.Err(); {
	case err != nil:
		return nil, position{}, err
	case w.table == nil:
		return nil, position{}, event.ErrWatcherClosed
	case w.busy:
		return nil, position{}, event.ErrConcurrentGet
	}
	w.busy = true
	return w.table, w.at, nil
}

func (w *rangeWatcher[T]) finish(at position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy, w.at = false, at
}

// hasEnded is what Changed returns where there is nothing to wait for.
var hasEnded = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Changed implements [event.Watcher].
func (w *rangeWatcher[T]) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.table == nil {
		return hasEnded
	}
	next, unseen := w.table.next(w.at)
	if unseen {
		return hasEnded
	}
	w.at = next.to // Of a Get in progress, finish has the last word: it may just look again.
	return w.pulse.Changed()
}

// Close implements [event.Watcher].
func (w *rangeWatcher[T]) Close() error {
	w.mu.Lock()
	leave := w.leave
	w.leave, w.table = nil, nil
	w.mu.Unlock()
	_ = w.pulse.Close()
	if leave != nil {
		leave()
	}
	return nil
}
