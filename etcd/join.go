package etcd

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/metadata"

	"github.com/eventvalue/event/remote"
)

// A join is the move of a watch from a stream of its own to the shared stream.
// Until it is complete, the watch continues on its own stream.
//
// The watch on the shared stream begins with the next change. start is a
// revision that is not less than the last one before. So the watch may move once
// it has delivered all changes up to start: all later ones arrive on the shared
// stream.
type join struct {
	line   *line
	cancel context.CancelFunc
	opened chan int64 // sends start when the line is open, or 0 after a failure
	open   bool       // opened was received
	start  int64

	changes []remote.Change // received on the line
	heard   bool            // the shared stream has answered
	ticks   int
}

const (
	// maxJoinTicks is the number of ticks after which a join is given up. The
	// limit for a request for a token is added to it.
	maxJoinTicks = 6
	// rejoinTicks is the number of ticks between a failure of the shared stream
	// and the next join.
	rejoinTicks = 3 * auditInterval
)

// openedChan returns the channel on which the join reports that its line is
// open. It returns nil for no join.
func (j *join) openedChan() <-chan int64 {
	if j == nil {
		return nil
	}
	return j.opened
}

// responses returns the responses of an open line, and nil for no join.
func (j *join) responses() clientv3.WatchChan {
	if j == nil || !j.open {
		return nil
	}
	return j.line.ch
}

// handleJoinTick begins a join, or gives it up. A watch joins when it has caught
// up and its stream answers in time.
func (w *watch) handleJoinTick() {
	if w.join != nil {
		if w.join.ticks++; w.join.ticks > maxJoinTicks+w.tokens.limit() {
			w.failJoin()
		}
		return
	}
	if w.joinDelay > 0 {
		w.joinDelay--
		return
	}
	if w.caughtUp && !w.broken && w.server.responseTicks <= 1 && w.patience == 1 && !hasMetadata(w.ctx) {
		w.beginJoin()
	}
}

// hasMetadata reports whether ctx has metadata of the caller, which must reach
// the server. The metadata of a shared stream is the same for all.
func hasMetadata(ctx context.Context) bool {
	_, ok := metadata.FromOutgoingContext(ctx)
	return ok
}

// beginJoin opens a line on the shared stream. The read after it returns a
// revision that is not less than the one at which the line begins, because it
// is linearizable.
func (w *watch) beginJoin() {
	ctx, cancel := context.WithCancel(w.ctx)
	j := &join{line: w.newSharedLine(), cancel: cancel, opened: make(chan int64, 1)}
	w.join = j
	reader := w.auditor()
	go func() {
		j.line.open(reader, 0)
		r, err := reader.read(ctx, reader.key, clientv3.WithKeysOnly())
		if err != nil {
			j.opened <- 0
			return
		}
		j.opened <- r.Header.Revision
	}()
}

// handleJoinOpened processes the opening of the line.
func (w *watch) handleJoinOpened(start int64) {
	w.join.open, w.join.start = true, start
	if start == 0 {
		w.failJoin()
	}
}

// handleJoinResponse processes a response on the shared stream. The watch moves
// at a progress notification that is not behind it, and only once it has reached
// start. The servers of the two streams may differ, and either may be behind.
func (w *watch) handleJoinResponse(r clientv3.WatchResponse, ok bool) error {
	if !ok || r.Err() != nil {
		w.failJoin()
		return nil
	}
	j := w.join
	j.changes = append(j.changes, changes(r.Events)...)
	if !r.IsProgressNotify() {
		return nil
	}
	j.heard = true
	h := r.Header
	behind := h.Revision < w.at.revision || h.RaftTerm < w.at.term || h.ClusterId != w.at.cluster
	if behind || w.at.revision < j.start {
		return nil
	}
	w.join = nil
	j.cancel()
	w.line.end()
	w.line = j.line
	w.server = silenceMeter{life: j.line.stream.life, patience: w.server.patience, tokens: w.tokens}
	if err := w.deliverChanges(j.changes); err != nil {
		return err
	}
	return w.handleResponse(r)
}

// failJoin gives the join up, and the shared stream if it does not answer.
func (w *watch) failJoin() {
	if !w.join.heard {
		w.abandonShared(w.join.line.shared)
	}
	w.joinDelay = rejoinTicks
	w.endJoin()
}

// endJoin ends the join, if there is one.
func (w *watch) endJoin() {
	j := w.join
	if j == nil {
		return
	}
	w.join = nil
	j.cancel()
	j.line.cancel(nil)
	if !j.open {
		<-j.opened
	}
	j.line.end()
}

// leaveShared moves the watch to a stream of its own, because the shared stream
// does not answer. The reason may be another watch of that stream: it is behind
// after the client has connected again, or it has a large response on a slow
// line. The server still counts as silent for as long as before, unless bytes
// arrive.
func (w *watch) leaveShared() error {
	w.abandonShared(w.line.shared)
	w.joinDelay = rejoinTicks
	w.line.end()
	if !w.server.nearlySilent() {
		w.server = silenceMeter{patience: w.server.patience, tokens: w.tokens}
	}
	if err := w.open(); err != nil {
		return err
	}
	w.requestProgress()
	return nil
}
