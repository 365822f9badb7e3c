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

	mu        sync.Mutex
	current   *session[S] // nil while there is no watcher; after close, the last session
	closedErr error       // what writes return after close; nil before
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
	f.status.Set(Status{State: Idle, Since: time.Now()})
	return f
}

// acquire returns the session in progress, and starts one if there is none. The
// session runs at least until release.
func (f *feed[S]) acquire() *session[S] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil {
		ctx, cancel := context.WithCancel(context.Background())
		f.current = &session[S]{feed: f, sink: f.newSink(), cancel: cancel}
		f.setStatus(CatchingUp, nil)
		go f.current.follow(ctx)
	}
	f.current.refs++
	return f.current
}

// release ends s if it was acquired by no other caller. Call it once for each
// acquire.
func (f *feed[S]) release(s *session[S]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.refs--; s.refs > 0 || f.closedErr != nil {
		return
	}
	s.cancel()
	f.current = nil
	f.setStatus(Idle, nil)
}

// closeWithError closes the feed and its session. It does nothing if the feed
// is closed, or if only is not nil and not the current session.
func (f *feed[S]) closeWithError(only *session[S], cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closedErr != nil || only != nil && only != f.current {
		return
	}
	f.closedErr = event.ErrClosed
	if cause != nil {
		f.closedErr = fmt.Errorf("%w: %w", event.ErrClosed, cause)
	}
	if f.current == nil {
		f.current = &session[S]{feed: f, sink: f.newSink(), cancel: func() {}}
	}
	f.current.cancel()
	f.current.sink.closeWithError(cause)
	_ = f.current.progress.CloseWithError(cause)
	f.setStatus(Ended, cause)
	_ = f.status.CloseWithError(cause)
}

// err returns the error of writes to a closed feed, or nil if it is not closed.
func (f *feed[S]) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closedErr
}

// setStatus publishes a status unless nothing has changed. The caller holds mu.
func (f *feed[S]) setStatus(state State, reason error) {
	old, _ := f.status.Load()
	if old.State == state && reason == nil {
		return
	}
	next := Status{State: state, Since: old.Since, Reason: reason}
	if old.State != state {
		next.Since = time.Now()
	}
	f.status.Set(next)
}

// sync waits until the state is at least as new as revision. op names the
// exported method for panics.
func (f *feed[S]) sync(ctx context.Context, op string, revision int64) error {
	if ctx == nil {
		panic("remote: " + op + ": nil context")
	}
	s := f.acquire()
	defer f.release(s)
	w := s.progress.Watch()
	defer w.Close()
	for first, p0 := true, (progress{}); ; first = false {
		p, err := w.Get(ctx)
		switch {
		case err != nil:
			return err
		case first:
			p0 = p
		case p.resets != p0.resets:
			return ErrReset
		}
		if p.revision >= revision {
			return nil
		}
	}
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
	s.feed.closeWithError(s, err)
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
		s.setStatus(CatchingUp, nil)
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
	}
	s.started, s.last.revision = true, u.revision
	s.progress.Set(s.last)
	state := Connected
	if b.CatchingUp {
		state = CatchingUp
	}
	s.setStatus(state, nil)
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
