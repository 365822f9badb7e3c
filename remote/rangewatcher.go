package remote

import (
	"context"
	"errors"
	"sync"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
	"github.com/eventvalue/event/internal/park"
)

// A rangeWatcher is the Watcher of a Range. It holds a position in the range's
// table, and waits on a watcher of the table's notifier.
type rangeWatcher[T any] struct {
	notifier event.Watcher[uint64]
	status   *event.MemoryValue[Status]
	waited   bool // the Get in progress, which owns the field, has waited

	mu      sync.Mutex
	busy    bool // a Get is in progress
	at      position
	table   *table[T] // nil after Close
	release func()    // nil after Close
}

// Capabilities reports that the entries do not replace each other.
func (w *rangeWatcher[T]) Capabilities() capability.Set { return capability.Set{Keyed: true} }

// Get implements [event.Watcher].
func (w *rangeWatcher[T]) Get(ctx context.Context, opts ...event.GetOption[Entry[T]]) (Entry[T], error) {
	if ctx == nil {
		panic("event: Watcher.Get: nil context")
	}
	return w.get(ctx, opts, get.BacklogOnly(opts))
}

// GetBacklog is Get with BacklogOnly in addition to opts: see [event.TryGet].
func (w *rangeWatcher[T]) GetBacklog(ctx context.Context, opts []event.GetOption[Entry[T]]) (Entry[T], error) {
	return w.get(ctx, opts, true)
}

func (w *rangeWatcher[T]) get(ctx context.Context, opts []event.GetOption[Entry[T]], backlog bool) (Entry[T], error) {
	at, err := w.beginGet(ctx)
	if err != nil {
		return Entry[T]{}, err
	}
	at.backlog = backlog
	// Deferred because a predicate may panic. Then the position stays as it
	// was.
	defer func() { w.finishGet(at.position) }()
	w.waited = false
	entry, at, err := get.Next(ctx, (*busyRange[T])(w), at, opts)
	switch {
	case err == nil:
		// The notification of the entry may have arrived only now, and it would
		// close the channel of the next Changed. Changed finds newer items in the
		// table.
		_, _ = w.poll(ctx)
	case w.waited:
		status, _ := w.status.Load()
		err = status.explain(ctx, err, "range")
	}
	return entry, err
}

// A rangePosition is the position of a Get in a table.
type rangePosition[T any] struct {
	position
	table   *table[T]
	backlog bool   // the Get must not wait
	limit   uint64 // if backlog, the number of the last item that the Get looks at, or 0 until the first full state
}

// A busyRange is a rangeWatcher during a Get: the source of [get.Next].
type busyRange[T any] rangeWatcher[T]

// Look searches the table for the next entry. A Get with BacklogOnly looks at what
// was there at its first look: otherwise it would not end under a producer that is
// faster than a predicate that rejects. An item that could not be decoded ends the
// Get, whatever the predicates are.
func (b *busyRange[T]) Look(ctx context.Context, at rangePosition[T]) (entry Entry[T], next rangePosition[T], found bool, end error) {
	// Poll the notifier before the table: a change in between ends the wait.
	closedErr, abortErr := (*rangeWatcher[T])(b).poll(ctx)
	if abortErr != nil {
		return entry, at, false, abortErr
	}
	if at.backlog && at.limit == 0 {
		at.limit = at.table.lastSeq()
	}
	s, ok := at.table.next(at.position)
	if ok && at.backlog && s.seq > at.limit {
		return entry, at, false, event.BacklogDone
	}
	at.position = s.to
	switch {
	case ok && s.err == nil:
		return s.entry, at, true, nil
	case ok:
		return entry, at, false, s.err
	case closedErr != nil:
		return entry, at, false, closedErr
	case at.backlog:
		return entry, at, false, event.BacklogDone
	}
	return entry, at, false, nil
}

// Abort returns the error that a Get must return even if there is an entry.
func (b *busyRange[T]) Abort(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.table == nil {
		return event.ErrWatcherClosed
	}
	return nil
}

// Wait waits for the next notification. Its errors are those that the next Look
// and Abort return.
func (b *busyRange[T]) Wait(ctx context.Context, _ rangePosition[T]) {
	b.waited = true
	_, _ = (*rangeWatcher[T])(b).receive(ctx)
}

// pollOptions are the options of poll. They are shared because each Get would
// otherwise allocate them.
var pollOptions = []event.GetOption[uint64]{event.BacklogOnly[uint64]()}

// poll is receive without waiting.
func (w *rangeWatcher[T]) poll(ctx context.Context) (closedErr, abortErr error) {
	return w.receive(ctx, pollOptions...)
}

// receive waits for the next notification. It returns closedErr if the range is
// closed; the table may still have entries for the watcher. It returns abortErr
// if the caller's Get must fail, whatever the table has.
func (w *rangeWatcher[T]) receive(ctx context.Context, opts ...event.GetOption[uint64]) (closedErr, abortErr error) {
	_, err := w.notifier.Get(ctx, opts...)
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

// beginGet marks w as busy, and returns its position.
func (w *rangeWatcher[T]) beginGet(ctx context.Context) (rangePosition[T], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch err := ctx.Err(); {
	case err != nil:
		return rangePosition[T]{}, err
	case w.table == nil:
		return rangePosition[T]{}, event.ErrWatcherClosed
	case w.busy:
		return rangePosition[T]{}, event.ErrConcurrentGet
	}
	w.busy = true
	return rangePosition[T]{position: w.at, table: w.table}, nil
}

// finishGet marks w as idle, and stores its position.
func (w *rangeWatcher[T]) finishGet(at position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy, w.at = false, at
}

// Changed implements [event.Watcher].
func (w *rangeWatcher[T]) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.table == nil {
		return park.ClosedChan
	}
	next, unseen := w.table.next(w.at)
	if unseen {
		return park.ClosedChan
	}
	// A Get in progress overwrites this position in finishGet. Then a later
	// search repeats a part of this one, and finds the same.
	w.at = next.to
	return w.notifier.Changed()
}

// Close implements [event.Watcher].
func (w *rangeWatcher[T]) Close() error {
	w.mu.Lock()
	release := w.release
	w.release, w.table = nil, nil
	w.mu.Unlock()
	_ = w.notifier.Close()
	if release != nil {
		release()
	}
	return nil
}
