package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/remote"
)

// auditInterval is the time between two audits of an open watch, in silences.
// It is about half a minute by default.
const auditInterval = 15

// watch follows the store from f.at until the watch fails, and returns the
// reason.
func (f *follower) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(withNewStream(ctx))
	w := &watch{follower: f, ctx: ctx, stream: f.newStream(ctx), auditResults: make(chan auditResult, 1)}
	err := w.open(cancel)
	if err == nil {
		err = w.run()
	}
	cancel(nil)
	if w.auditing {
		<-w.auditResults
	}
	if closed := w.stream.end(w.ended, f.silence/10); closed != nil {
		return closed // While a client closes, err may have another reason.
	}
	return err
}

// open opens the watch. It waits for the server, but not longer than silence.
func (w *watch) open(cancel context.CancelCauseFunc) error {
	timer := time.AfterFunc(w.silence, func() { cancel(errSilent) })
	// The watch begins at the known revision, not at the next one. The next one
	// is in the future, and until it exists the server answers no progress
	// requests. Changes that arrive again are dropped.
	w.ch = w.stream.Watch(w.ctx, w.key, w.withRange(
		clientv3.WithRev(w.at.revision), clientv3.WithProgressNotify(), clientv3.WithFragment())...)
	if !timer.Stop() {
		return context.Cause(w.ctx)
	}
	return nil
}

// A watch is an open watch of a follower. One goroutine must always receive
// from ch, because the client buffers responses without a limit.
type watch struct {
	*follower
	ctx    context.Context // ends the watch
	stream *stream
	ch     clientv3.WatchChan
	ended  bool // the server or the client has ended the watch

	silentTicks  int   // ticks since the last response
	stalledTicks int   // ticks without progress while the revision is below target
	lastRevision int64 // the revision at the last tick

	ticksSinceAudit int
	auditing        bool
	auditResults    chan auditResult
}

// An auditResult holds the results of verify.
type auditResult struct {
	target int64
	err    error
}

// run processes responses, ticks and audits until one of them fails.
func (w *watch) run() error {
	tick := time.NewTicker(w.silence / 3)
	defer tick.Stop()
	w.requestProgress() // The answer reports that the watch has caught up.
	for {
		var err error
		select {
		case <-w.ctx.Done():
			return context.Cause(w.ctx)
		case r, ok := <-w.ch:
			if !ok {
				w.ended = true
				return errWatchEnded
			}
			w.silentTicks = 0
			err = w.handleResponse(r)
		case <-tick.C:
			err = w.handleTick()
		case a := <-w.auditResults:
			err = w.handleAudit(a)
		}
		if err != nil {
			return err
		}
	}
}

// handleTick checks for silence three times per silence. It counts ticks
// instead of reading a clock: if this process was stopped, the server is not
// blamed.
func (w *watch) handleTick() error {
	if w.silentTicks++; w.silentTicks > 3 {
		return errSilent
	}
	if w.stalledTicks++; w.at.revision >= w.target || w.at.revision != w.lastRevision {
		w.stalledTicks = 0
	}
	if w.lastRevision = w.at.revision; w.stalledTicks > 3 {
		return errBehind
	}
	w.requestProgress()
	if w.ticksSinceAudit++; w.ticksSinceAudit >= 3*auditInterval && !w.auditing {
		w.ticksSinceAudit, w.auditing = 0, true
		go func(at historyPoint) {
			target, err := w.verify(w.ctx, at)
			w.auditResults <- auditResult{target, err}
		}(w.at)
	}
	return nil
}

// handleAudit processes the result of an audit. An audit that failed because of
// the connection is ignored, because the watch fails as well.
func (w *watch) handleAudit(a auditResult) error {
	w.auditing = false
	if _, ok := a.err.(*staleError); ok || permanent(a.err) {
		return a.err
	}
	w.target = max(w.target, a.target)
	return nil
}

// requestProgress requests a progress notification. The client takes the
// request only while it has a connection.
func (w *watch) requestProgress() {
	ctx, cancel := context.WithTimeout(w.ctx, w.silence/3)
	defer cancel()
	_ = w.stream.RequestProgress(ctx) // A failure shows as silence.
}

// handleResponse passes the changes in r to apply.
func (w *watch) handleResponse(r clientv3.WatchResponse) error {
	if err := r.Err(); err != nil {
		w.ended = true
		return err
	}
	if err := w.at.checkHeader(r.Header); err != nil {
		return err
	}
	if r.IsProgressNotify() {
		return w.handleProgress(r.Header.Revision)
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
	w.at.addChanges(changes)
	// The revision of the header may be ahead of the changes that were sent.
	// The revision of the last change is not: a response has all changes of a
	// revision or none.
	return w.deliver(remote.Batch{Revision: w.at.last.Revision, Changes: changes})
}

// handleProgress processes a notification that all changes up to revision were
// sent.
func (w *watch) handleProgress(revision int64) error {
	switch {
	case revision < w.at.revision:
		return &staleError{"the revision has gone back"}
	case revision == w.at.revision && w.caughtUp:
		return nil
	case revision < w.target:
		w.at.revision = revision // The watch is still catching up.
		return nil
	}
	return w.deliver(remote.Batch{Revision: revision})
}

// deliver passes b to apply, and advances w.at to its revision.
func (w *watch) deliver(b remote.Batch) error {
	w.caughtUp = true
	w.at.revision = b.Revision
	return w.apply(b)
}
