package etcd

import (
	"context"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/remote"
)

// auditInterval is the time between two audits of an open watch, in silences.
// It is about half a minute by default.
const auditInterval = 15

// watch follows the store from f.at until the watch fails, and returns the
// reason. It begins on a stream of its own, and moves to the shared stream once
// it has caught up.
func (f *follower) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{
		follower:     f,
		ctx:          ctx,
		server:       silenceMeter{patience: f.patience, tokens: f.tokens},
		auditResults: make(chan auditResult, 1),
	}
	err := w.open()
	if err == nil {
		err = w.learn(w.run())
	}
	cancel()
	if w.auditing {
		<-w.auditResults
	}
	w.endJoin()
	if w.ended && w.line.shared != nil {
		w.abandonShared(w.line.shared)
	}
	w.line.end()
	if w.ended && f.clientClosed() {
		return errClientClosed // While a client closes, err may have another reason.
	}
	return err
}

// maxUnheard is the number of watches without a response on a slow line after
// which Follow reads the state. The history may be larger than the state.
const maxUnheard = 2

// patienceGrowth is the ratio of the patience of successive watches on a slow
// line. It is large because a watch that is given up costs about as much as one
// that arrives: most of the response is on its way by then.
const patienceGrowth = 16

// learn draws conclusions from the end of the watch, and returns the reason of
// the end.
func (w *watch) learn(err error) error {
	switch {
	case err == errSilent && w.server.lineWasSlow():
		w.patience *= patienceGrowth
	case !tooLarge(err):
		return err
	}
	if w.heard {
		w.unheard = 0
		return err
	}
	if w.unheard++; w.unheard >= maxUnheard {
		w.unheard = 0
		return &staleError{"the history takes too long"}
	}
	return err
}

// open opens the watch on a stream of its own.
func (w *watch) open() error {
	w.line = w.newLine(w.ctx)
	w.server.life = w.line.stream.life
	opening := w.server
	opening.patience = max(opening.patience, w.openPatience)
	stop := w.watchdog(w.line.ctx, w.line.cancel, &opening)
	w.line.open(w.follower, w.at.revision)
	if !stop() {
		err := context.Cause(w.line.ctx)
		if err == errSilent && !w.metered {
			w.openPatience = min(2*w.openPatience, maxBlindPatience)
		}
		return err
	}
	opening.tokenArrived()
	w.reason.Store("")
	return nil
}

// A watch is an open watch of a follower.
type watch struct {
	*follower
	ctx   context.Context // ends the watch
	line  *line
	ended bool // the server or the client has ended the watch

	join      *join // nil if the watch is not moving to the shared stream
	joinDelay int   // ticks until the watch may move

	server  silenceMeter
	heard   bool // there was a response
	stalled int  // notifications in a row without progress while the revision is below target

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
	tick := time.Tick(w.silence / 3)
	w.requestProgress() // The answer reports that the watch has caught up.
	for {
		var err error
		select {
		case <-w.ctx.Done():
			return context.Cause(w.ctx)
		case r, ok := <-w.line.ch:
			if !ok {
				w.ended = true
				return errWatchEnded
			}
			w.server.heard()
			w.heard = true
			err = w.handleResponse(r)
		case start := <-w.join.openedChan():
			w.handleJoinOpened(start)
		case r, ok := <-w.join.responses():
			err = w.handleJoinResponse(r, ok)
		case <-tick:
			err = w.handleTick()
		case a := <-w.auditResults:
			err = w.handleAudit(a)
		}
		if err != nil {
			return err
		}
	}
}

// handleTick checks for silence three times per silence.
func (w *watch) handleTick() error {
	silent := w.server.tick()
	switch {
	case w.line.shared != nil && (silent || w.server.nearlySilent()):
		return w.leaveShared()
	case silent:
		w.server.noteToken(&w.reason)
		return errSilent
	}
	if !w.broken && w.server.seemsSilent() {
		// The watch continues, because the line may be slow.
		if err := w.apply(remote.Batch{Broken: w.server.explainToken(errFellSilent)}); err != nil {
			return err
		}
	}
	if w.line.shared == nil {
		w.requestProgress()
		w.handleJoinTick()
	}
	if w.ticksSinceAudit++; w.ticksSinceAudit >= 3*auditInterval && !w.auditing {
		w.ticksSinceAudit, w.auditing = 0, true
		go func(at historyPoint) {
			target, err := w.auditor().verify(w.ctx, at)
			w.auditResults <- auditResult{target, err}
		}(w.at)
	}
	return nil
}

// auditor returns a follower that audits the watch on another goroutine. It
// reports nothing.
func (w *watch) auditor() *follower {
	discard := func(remote.Batch) error { return nil }
	return &follower{Store: w.Store, scope: w.scope, key: w.key, rangeEnd: w.rangeEnd, fn: discard, readPatience: 1}
}

// handleAudit processes the result of an audit. An audit that failed because of
// the connection is ignored, because the watch fails as well.
func (w *watch) handleAudit(a auditResult) error {
	w.auditing = false
	if _, ok := a.err.(*staleError); ok || refusal(a.err) != nil {
		return a.err
	}
	if a.err == nil && w.heard && !w.broken {
		w.follower.patience, w.openPatience, w.unheard = 1, 1, 0 // The line was fast for a while.
	}
	w.target = max(w.target, a.target)
	return nil
}

// requestProgress requests a progress notification on a stream of its own.
func (w *watch) requestProgress() { w.line.stream.requestProgress(w.line.ctx, w.silence/3) }

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
	return w.deliverChanges(changes(r.Events))
}

// changes converts events to changes.
func changes(events []*clientv3.Event) []remote.Change {
	cs := make([]remote.Change, 0, len(events))
	for _, e := range events {
		cs = append(cs, change(e.Kv, e.Type == clientv3.EventTypeDelete))
	}
	return cs
}

// deliverChanges delivers the changes that are not delivered yet.
func (w *watch) deliverChanges(changes []remote.Change) error {
	if len(changes) == 0 {
		return nil
	}
	if last := changes[len(changes)-1].Revision; last <= w.at.revision {
		return w.deliverKnown(last)
	}
	known := func(c remote.Change) bool { return c.Revision <= w.at.revision }
	changes = slices.DeleteFunc(changes, known)
	w.at.addChanges(changes)
	// The revision of the header may be ahead of the changes that were sent.
	// The revision of the last change is not: a response has all changes of a
	// revision or none.
	return w.deliver(remote.Batch{Revision: w.at.last.Revision, Changes: changes})
}

// deliverKnown processes a response with changes up to revision, all of which are
// delivered. The watch has caught up if that is the target.
//
// It must not wait for a notification then. The client continues a watch after the
// last change, and if it loses the connection now, that revision is in the future:
// the server sends no notifications until the next write.
func (w *watch) deliverKnown(revision int64) error {
	if revision < w.target || w.caughtUp && !w.broken {
		return nil
	}
	return w.deliver(remote.Batch{Revision: w.at.revision})
}

// handleProgress processes a notification that all changes up to revision were
// sent.
func (w *watch) handleProgress(revision int64) error {
	switch {
	case revision < w.at.revision:
		return &staleError{"the revision has gone back"}
	case revision < w.target:
		return w.catchUp(revision)
	}
	w.stalled = 0
	if revision == w.at.revision && w.caughtUp && !w.broken {
		return nil
	}
	return w.deliver(remote.Batch{Revision: revision})
}

// catchUp processes a notification of a revision below target.
func (w *watch) catchUp(revision int64) error {
	if w.stalled++; revision > w.at.revision {
		w.stalled = 0
	}
	w.at.revision = revision
	if w.stalled > 3 {
		return errBehind
	}
	return nil
}

// deliver passes b to apply, and advances w.at to its revision.
func (w *watch) deliver(b remote.Batch) error {
	w.caughtUp = w.caughtUp || b.Revision >= w.target
	b.CatchingUp = !w.caughtUp
	w.at.revision = b.Revision
	return w.apply(b)
}
