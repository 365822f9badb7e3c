package remote

import (
	"context"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/park"
)

// askAfter is the time for which a Sync waits before it requests the store's
// revision. It is also the least time between two such questions of one feed.
const askAfter = time.Second

// sync waits until the state is at least as new as revision. If life ends
// first, sync returns its cause. op names the exported method for panics.
//
// A store that has revision has it in the first full state of each Follow that
// begins after the call. If this call starts the session, its first full state
// decides. Otherwise another Follow does, if the session takes long.
func (f *feed[S]) sync(ctx, life context.Context, op string, revision int64) error {
	if ctx == nil {
		panic("remote: " + op + ": nil context")
	}
	began := time.Now()
	s, started := f.acquire()
	defer f.release()
	w := s.progress.Watch()
	defer w.Close()
	timer, answer := time.NewTimer(askAfter), make(chan int64, 1)
	defer timer.Stop()
	asking, cancel := context.WithCancel(context.Background())
	defer cancel()
	waited := false
	for first := (*progress)(nil); ; waited = true {
		p, err := w.Get(ctx, event.BacklogOnly[progress]())
		switch {
		case err != nil && err != event.BacklogDone:
			if waited {
				return f.explain(ctx, err)
			}
			return err
		case life.Err() != nil:
			return context.Cause(life)
		case f.err() != nil:
			return f.err() // Even if w still has the last progress.
		case err == event.BacklogDone:
		case first != nil && p.resets != first.resets || f.mayBeUndone(revision):
			return ErrReset
		case p.revision >= revision:
			return nil
		case first == nil && started:
			return noRevision(revision, p.revision)
		case first == nil:
			first = &p
		}
		select {
		case <-w.Changed():
		case <-ctx.Done():
			return f.explain(ctx, park.EndErr(ctx))
		case <-life.Done():
		case <-timer.C:
			if !started {
				go f.questions.ask(asking, f.store, f.scope, began, answer)
			}
		case newest := <-answer:
			if newest < revision {
				return noRevision(revision, newest)
			}
		}
	}
}

// explain returns err, the error of a wait, with what the connection lacks if ctx has
// ended.
func (f *feed[S]) explain(ctx context.Context, err error) error {
	status, _ := f.status.Load()
	return status.explain(ctx, err, f.noun())
}

// noun names what f belongs to, for errors.
func (f *feed[S]) noun() string {
	if _, one := f.scope.One(); one {
		return "value"
	}
	return "range"
}

// questions are the questions of a feed to its store for the store's revision.
// There is one at a time, and one answer is for all Syncs that began before the
// question.
type questions struct {
	slot chan struct{} // holds an element while a caller of ask owns the fields below

	asked    time.Time // the time of the last question
	answered time.Time // the time of the last question that was answered
	newest   int64     // the answer
}

// ask sends to answer a revision of the store that is not older than after. A
// question that the store does not answer is asked again. ask sends nothing if ctx
// ends first.
func (q *questions) ask(ctx context.Context, store Store, scope Scope, after time.Time, answer chan<- int64) {
	select {
	case q.slot <- struct{}{}:
		defer func() { <-q.slot }()
	case <-ctx.Done():
		return
	}
	for !q.answered.After(after) {
		select {
		case <-time.After(time.Until(q.asked.Add(askAfter))):
		case <-ctx.Done():
			return
		}
		q.asked = time.Now()
		if newest, ok := newestRevision(ctx, store, scope); ok {
			q.answered, q.newest = q.asked, newest
		}
	}
	answer <- q.newest
}

// newestRevision returns the revision of the first full state of a Follow of one
// key in scope. It returns false if there is none.
func newestRevision(ctx context.Context, store Store, scope Scope) (revision int64, ok bool) {
	key := scope.Prefix()
	if key == "" {
		key = "\x00" // An empty key is not valid.
	}
	_ = store.Follow(ctx, Key(key), func(b Batch) error {
		if b.Broken != nil || b.More {
			return nil
		}
		revision, ok = b.Revision, true
		return errAnswered
	})
	return revision, ok
}
