package etcd

import (
	"context"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/atomic"
	"google.golang.org/grpc/metadata"

	"github.com/eventvalue/event/remote"
)

// auditEvery is after how many silences an open watch is checked: about twice a minute.
const auditEvery = 15

// streamKey is the metadata that gives a watch a stream of its own: the client puts watches
// with equal metadata on one. A stream fails as a whole, and answers progress requests only
// when all its watches have caught up.
const streamKey = "event-stream"

// streams counts them.
var streams atomic.Int64

// stream returns a context that stands for a new stream. A stream is not used again: one that is
// about to end might be the dead one.
func stream(ctx context.Context) context.Context {
	ctx = metadata.AppendToOutgoingContext(ctx, streamKey, strconv.FormatInt(streams.Inc(), 10))
	return clientv3.WithRequireLeader(ctx)
}

// watch follows what is known until something happens, and returns what.
func (f *follower) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(stream(ctx))
	defer cancel(nil) // Always: nothing else ends a watch.

	alarm := time.AfterFunc(f.silence, func() { cancel(errSilent) })
	// From the revision that is known, and not from the next: that would be in the future, and
	// the server answers no progress requests before it has come. What comes twice is dropped.
	ch := f.watcher.Watch(ctx, f.key, f.options(
		clientv3.WithRev(f.at.revision), clientv3.WithProgressNotify(), clientv3.WithFragment())...)
	if !alarm.Stop() {
		return context.Cause(ctx)
	}
	w := &watch{follower: f, ctx: ctx, ch: ch, audited: make(chan audit, 1)}
	err := w.run()
	if w.end(cancel) == errClientClosed {
		return errClientClosed // A client that is being closed may give another reason first.
	}
	return err
}

// A watch is an open watch of a follower. One goroutine takes what comes, always: the client
// keeps what is not taken, without a limit.
type watch struct {
	*follower
	ctx    context.Context
	ch     clientv3.WatchChan
	failed bool // it has ended by itself

	missed int   // at how many ticks in a row nothing had been heard
	late   int   // at how many the revision was what it was, and not the goal
	was    int64 // the revision at the last tick

	ticks    int // since the last audit
	auditing bool
	audited  chan audit
}

// An audit is what verify has said while the watch was open.
type audit struct {
	goal int64
	err  error
}

func (w *watch) run() error {
	tick := time.NewTicker(w.silence / 3)
	defer tick.Stop()
	w.ask() // at once: the answer tells that all has come
	for {
		var err error
		select {
		case <-w.ctx.Done():
			return context.Cause(w.ctx)
		case r, ok := <-w.ch:
			if !ok {
				return w.why()
			}
			w.missed = 0
			err = w.take(r)
		case <-tick.C:
			err = w.tick()
		case a := <-w.audited:
			err = w.audit(a)
		}
		if err != nil {
			return err
		}
	}
}

// end releases all that belongs to the watch. It returns what reap does, if that was called for.
func (w *watch) end(cancel context.CancelCauseFunc) error {
	cancel(nil)
	if w.auditing {
		<-w.audited
	}
	if w.failed {
		return w.reap(w.ctx, w.silence/10)
	}
	return nil
}

// reap ends a stream that there may be: if a watch ends by itself while it is asked for
// progress, the client opens another stream for the question, which only the end of a
// watch on it ends. reap returns why a watch cannot be had, if that turns out at once.
func (f *follower) reap(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	select {
	case r, ok := <-f.watcher.Watch(ctx, f.key):
		if !ok && ctx.Err() == nil {
			return errClientClosed
		}
		return r.Err()
	case <-ctx.Done():
		return nil
	}
}

// why returns why the client has ended the watch without a word.
func (w *watch) why() error {
	if err := w.reap(w.ctx, w.silence/10); err != nil {
		return err
	}
	return errWatchEnded
}

// tick is called three times a silence. It counts ticks instead of looking at a clock, so that a
// process that was stopped itself blames nobody for it.
func (w *watch) tick() error {
	if w.missed++; w.missed > 3 {
		return errSilent
	}
	if w.late++; w.at.revision >= w.goal || w.at.revision != w.was {
		w.late = 0
	}
	if w.was = w.at.revision; w.late > 3 {
		return errBehind
	}
	w.ask()
	if w.ticks++; w.ticks >= 3*auditEvery && !w.auditing {
		w.ticks, w.auditing = 0, true
		go func(at point) {
			goal, err := w.verify(w.ctx, at)
			w.audited <- audit{goal, err}
		}(w.at)
	}
	return nil
}

// audit takes what an audit has found out. That it has failed is for the watch to notice.
func (w *watch) audit(a audit) error {
	w.auditing = false
	if _, ok := a.err.(*staleError); ok || permanent(a.err) {
		return a.err
	}
	w.goal = max(w.goal, a.goal)
	return nil
}

// ask asks for a sign of life. The client takes the question when it has a connection.
func (w *watch) ask() {
	ctx, cancel := context.WithTimeout(w.ctx, w.silence/3)
	defer cancel()
	_ = w.watcher.RequestProgress(ctx) // If it fails, nothing will be heard.
}

// take hands on what the server has said.
func (w *watch) take(r clientv3.WatchResponse) error {
	if err := r.Err(); err != nil {
		w.failed = true
		return err
	}
	if err := w.at.check(r.Header); err != nil {
		return err
	}
	if r.IsProgressNotify() {
		return w.progress(r.Header.Revision)
	}
	var changes []remote.Change
	for _, e := range r.Events {
		if e.Kv.ModRevision > w.at.revision {
			changes = append(changes, change(e.Kv, e.Type == clientv3.EventTypeDelete))
		}
	}
	if len(changes) == 0 {
		return nil
	}
	w.at.note(changes)
	// The header's revision may be ahead of what was sent. The last change's is not: a
	// response has all changes of a revision or none.
	return w.reach(remote.Batch{Revision: w.at.last.Revision, Changes: changes})
}

// progress says that everything up to a revision has come.
func (w *watch) progress(revision int64) error {
	switch {
	case revision < w.at.revision:
		return &staleError{"the revision has gone back"}
	case revision == w.at.revision && w.healthy:
		return nil
	case revision < w.goal:
		w.at.revision = revision // Catching up.
		return nil
	}
	return w.reach(remote.Batch{Revision: revision})
}

func (w *watch) reach(b remote.Batch) error {
	w.healthy = true
	w.at.revision = b.Revision
	return w.apply(b)
}
