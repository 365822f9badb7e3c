package remote

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/eventvalue/event"
)

// A feed follows a scope of a store while somebody watches: the first who joins starts a
// session, the last who leaves ends it. The next session knows nothing of the one before, so
// that nobody is given what has grown old in between.
type feed[S sink] struct {
	store   Store
	scope   Scope
	newSink func() S
	status  event.MemoryValue[Status]

	mu      sync.Mutex
	current *session[S] // nil while nobody watches; once the feed has ended, the last
	ended   error       // what writes return from then on
}

// A sink is what a session fills: the state that watchers read.
type sink interface {
	// apply is called by one goroutine at a time. After end it does nothing. It reports whether
	// something new in u undoes what was known.
	apply(u update) (undone bool)
	// end leaves watchers what is there, and then cause.
	end(cause error)
}

// A session is one Follow.
type session[S sink] struct {
	feed     *feed[S]
	sink     S
	cancel   context.CancelFunc
	refs     int // guarded by feed.mu
	progress event.MemoryValue[progress]

	// Only apply uses these.
	pieces  pieces
	started bool
	last    progress
}

// progress is how far a session has come.
type progress struct {
	revision int64
	resets   int
}

func newFeed[S sink](store Store, scope Scope, newSink func() S) *feed[S] {
	f := &feed[S]{store: store, scope: scope, newSink: newSink}
	f.status.Set(Status{State: Idle, Since: time.Now()})
	return f
}

// join returns the session in progress, which goes on at least until leave.
func (f *feed[S]) join() *session[S] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil {
		ctx, cancel := context.WithCancel(context.Background())
		f.current = &session[S]{feed: f, sink: f.newSink(), cancel: cancel}
		f.report(CatchingUp, nil)
		go f.current.follow(ctx)
	}
	f.current.refs++
	return f.current
}

// leave is called once for each join.
func (f *feed[S]) leave(s *session[S]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.refs--; s.refs > 0 || f.ended != nil {
		return
	}
	s.cancel()
	f.current = nil
	f.report(Idle, nil)
}

// end ends the feed, unless that was done, or only is a session that nobody watches any more.
func (f *feed[S]) end(only *session[S], cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended != nil || only != nil && only != f.current {
		return
	}
	f.ended = event.ErrClosed
	if cause != nil {
		f.ended = fmt.Errorf("%w: %w", event.ErrClosed, cause)
	}
	if f.current == nil {
		f.current = &session[S]{feed: f, sink: f.newSink(), cancel: func() {}}
	}
	f.current.cancel()
	f.current.sink.end(cause)
	_ = f.current.progress.CloseWithError(cause)
	f.report(Ended, cause)
	_ = f.status.CloseWithError(cause)
}

// err returns why the feed has ended, or nil.
func (f *feed[S]) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// report publishes a status. The caller holds mu.
func (f *feed[S]) report(state State, reason error) {
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

// sync waits until the state is at least that of revision, for the function that what names.
func (f *feed[S]) sync(ctx context.Context, what string, revision int64) error {
	if ctx == nil {
		panic("remote: " + what + ": nil context")
	}
	s := f.join()
	defer f.leave(s)
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

// follow runs a session.
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

func (s *session[S]) apply(b Batch) error {
	switch {
	case b.Broken != nil:
		s.pieces.drop()
		s.report(Broken, b.Broken)
		return nil
	case b.More:
		s.pieces.add(b)
		s.report(CatchingUp, nil)
		return nil
	}
	u := s.pieces.conclude(b)
	u.known = s.last.revision
	if !s.started && !u.full {
		return errNoState
	}
	if !u.full {
		u.dropKnown()
	}
	// In this order: who has seen the progress finds the state, and who has seen Connected both.
	undone := s.sink.apply(u)
	// A store that was reset and then written to may be past where it was.
	if u.full && (undone || u.revision < u.known) {
		s.last.resets++
	}
	s.started, s.last.revision = true, u.revision
	s.progress.Set(s.last)
	s.report(Connected, nil)
	return nil
}

// report publishes a status, unless the session is no longer the feed's.
func (s *session[S]) report(state State, reason error) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	if s.feed.current == s && s.feed.ended == nil {
		s.feed.report(state, reason)
	}
}
