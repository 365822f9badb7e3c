package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/eventvalue/event"
)

// A feed follows a scope of a store while the scope has watchers. The first
// acquire starts a session, and the last release ends it. Each session starts
// with an empty sink, so that no watcher gets a state from before a pause.
type feed[S sink] struct {
	store   Store
	scope   Scope
	newSink func() S
	status  event.MemoryValue[Status]

	questions questions

	mu        sync.Mutex
	current   *session[S] // nil while there is no watcher; after close, the last session
	closedErr error       // what writes return after close; nil before
	writes    writeLog
}

// A sink holds the state that a session receives and that watchers read.
type sink interface {
	// apply merges u, and reports whether a change in u reveals a reset of the
	// store. After closeWithError it does nothing. Only one goroutine calls it
	// at a time.
	apply(u update) (reset bool)
	// closeWithError makes each watcher return what it has not seen of the
	// state, and then [event.ErrClosed] with cause.
	closeWithError(cause error)
}

// A session is one call of Follow and the state that it has received.
type session[S sink] struct {
	feed     *feed[S]
	sink     S
	cancel   context.CancelFunc
	refs     int // guarded by feed.mu
	progress event.MemoryValue[progress]

	// Only apply uses these fields.
	buffer  batchBuffer
	started bool     // the first full state was applied
	last    progress // the newest value of the field progress
}

// A progress holds the revision that a session has applied, and the number of
// resets that it has seen. Sync waits on it.
type progress struct {
	revision int64
	resets   int
}

func newFeed[S sink](store Store, scope Scope, newSink func() S) *feed[S] {
	f := &feed[S]{store: store, scope: scope, newSink: newSink}
	f.questions.slot = make(chan struct{}, 1)
	f.status.Set(Status{State: Idle, Since: time.Now()})
	return f
}

// acquire returns the session in progress, and starts one if there is none. The
// session runs at least until release. Call release once for each acquire.
//
// started reports that this call has started the session.
func (f *feed[S]) acquire() (s *session[S], started bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil {
		started = true
		ctx, cancel := context.WithCancel(context.Background())
		f.current = &session[S]{feed: f, sink: f.newSink(), cancel: cancel}
		f.setStatus(CatchingUp, errNoAnswer)
		go f.current.follow(ctx)
	}
	f.current.refs++
	return f.current, started
}

// release ends the session if it was acquired by no other caller.
func (f *feed[S]) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current.refs--; f.current.refs > 0 || f.closedErr != nil {
		return
	}
	f.current.cancel()
	f.current = nil
	f.setStatus(Idle, nil)
}

// closeWithError closes the feed and its session.
func (f *feed[S]) closeWithError(cause error) { f.end(nil, cause) }

// end closes the feed and its session. It does nothing if the feed is closed, or
// if only is not nil and not the current session.
func (f *feed[S]) end(only *session[S], cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closedErr != nil || only != nil && only != f.current {
		return
	}
	f.closedErr = closedError(cause)
	if f.current == nil {
		f.current = &session[S]{feed: f, sink: f.newSink(), cancel: func() {}}
	}
	f.current.cancel()
	f.current.sink.closeWithError(cause)
	_ = f.current.progress.CloseWithError(cause)
	f.setStatus(Ended, cause)
	_ = f.status.CloseWithError(cause)
}

// closedError returns the error of what was closed with cause.
func closedError(cause error) error {
	if cause == nil {
		return event.ErrClosed
	}
	return fmt.Errorf("%w: %w", event.ErrClosed, cause)
}

// backend implements [target].
func (f *feed[S]) backend() (Store, Scope) { return f.store, f.scope }

// err returns the error of writes to a closed feed, or nil if it is not closed.
func (f *feed[S]) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closedErr
}

// noteWrite implements [target].
func (f *feed[S]) noteWrite(revision int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes.add(revision)
}

// noteReset stores that a reset was noticed.
func (f *feed[S]) noteReset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes.resets++
}

// mayBeUndone reports whether revision is that of a write through f that returned
// before a reset was noticed.
func (f *feed[S]) mayBeUndone(revision int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writes.mayBeUndone(revision)
}

// connection returns the status of the connection to the store.
func (f *feed[S]) connection() *event.MemoryValue[Status] { return &f.status }

// setStatus publishes a status unless nothing has changed. The caller holds mu.
func (f *feed[S]) setStatus(state State, reason error) {
	old, _ := f.status.Load()
	if old.State == state && (reason == nil || state == CatchingUp && old.Reason == reason) {
		return
	}
	next := Status{State: state, Since: old.Since, Reason: reason}
	if old.State != state {
		next.Since = time.Now()
	}
	f.status.Set(next)
}

// follow runs the session until Follow returns, and then closes the feed.
func (s *session[S]) follow(ctx context.Context) {
	err := s.feed.store.Follow(ctx, s.feed.scope, func(b Batch) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return s.apply(b)
	})
	s.cancel()
	if err == nil {
		err = errFollowNil
	}
	s.feed.end(s, err)
}

// apply processes a batch of the store.
func (s *session[S]) apply(b Batch) error {
	switch {
	case b.Broken != nil:
		s.buffer.discard()
		state := Broken
		if errors.Is(b.Broken, ErrRefused) {
			state = Refused
		}
		s.setStatus(state, b.Broken)
		return nil
	case b.More:
		s.buffer.add(b)
		s.setStatus(CatchingUp, errArriving)
		return nil
	}
	u := s.buffer.flush(b)
	u.prevRevision = s.last.revision
	if !s.started && !u.full {
		return errNoState
	}
	if !u.full {
		u.dropApplied()
	}
	// Publish the state, then the progress, then the status. A caller that has
	// seen the progress finds the state, and one that has seen Connected finds
	// both.
	reset := s.sink.apply(u)
	// The revision alone does not reveal every reset: after it, writes may have
	// raised the revision above the one before.
	if u.full && (reset || u.revision < u.prevRevision) {
		s.last.resets++
		s.feed.noteReset()
	}
	s.started, s.last.revision = true, u.revision
	s.progress.Set(s.last)
	if b.CatchingUp {
		s.setStatus(CatchingUp, errUnwatched)
	} else {
		s.setStatus(Connected, nil)
	}
	return nil
}

// setStatus publishes a status if the session is the feed's current session.
func (s *session[S]) setStatus(state State, reason error) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	if s.feed.current == s && s.feed.closedErr == nil {
		s.feed.setStatus(state, reason)
	}
}
