package remote

import (
	"context"
	"errors"
	"sync"

	"github.com/eventvalue/event"
)

// A rangeWatcher is the Watcher of a Range. It holds a position in the range's
// table, and waits on a watcher of the table's notifier.
type rangeWatcher[T any] struct {
	notifier event.Watcher[uint64]

	mu      sync.Mutex
	busy    bool // a Get is in progress
	at      position
	table   *table[T] // nil after Close
	release func()    // nil after Close
}

// Keyed marks a watcher whose entries do not replace each other. See
// [Range.Keyed].
func (w *rangeWatcher[T]) Keyed() {}

// Get implements [event.Watcher].
func (w *rangeWatcher[T]) Get(ctx context.Context, opts ...event.GetOption[Entry[T]]) (Entry[T], error) {
	if ctx == nil {
		panic("event: Watcher.Get: nil context")
	}
	t, at, err := w.beginGet(ctx)
	if err != nil {
		return Entry[T]{}, err
	}
	// Deferred because a predicate may panic. Then the position stays as it
	// was.
	defer func() { w.finishGet(at) }()
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

// await waits for the step that a Get returns, and returns it with the position
// of the watcher after the Get.
func (w *rangeWatcher[T]) await(ctx context.Context, t *table[T], at position, opts []event.GetOption[Entry[T]]) (s step[T], moved position, err error) {
	// BacklogOnly looks at what is there when it begins: its Get would not end
	// under a producer that is faster than a predicate that rejects.
	looked, backlog, limit := at, backlogOnly(opts), uint64(0)
	for {
		// Poll the notifier before the table: a change in between ends the wait
		// below.
		end, err := w.poll(ctx)
		if err != nil {
			return s, at, err
		}
		if backlog && limit == 0 {
			limit = t.lastSeq()
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
			// The predicates may have taken long, or may have ended ctx or the
			// watcher. In addition, the notification of the step may have
			// arrived only now, and it would close the channel of the next
			// Changed. Changed finds newer items in the table.
			if _, err := w.poll(ctx); err != nil {
				return s, at, err
			}
			return next, looked, nil
		case end != nil:
			return s, looked, end
		case backlog && limit != 0:
			return s, looked, event.BacklogDone
		}
		if _, err := w.receive(ctx); err != nil {
			return s, at, err
		}
	}
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

// beginGet marks w as busy, and returns its table and its position.
func (w *rangeWatcher[T]) beginGet(ctx context.Context) (*table[T], position, error) {
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

// finishGet marks w as idle, and stores its position.
func (w *rangeWatcher[T]) finishGet(at position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy, w.at = false, at
}

// hasEnded is the closed channel that Changed returns if a Get would not wait.
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
