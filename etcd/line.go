package etcd

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// A line is a watch of the client for one Follow, on a stream of its own or on
// the shared stream.
type line struct {
	stream  *stream
	shared  *sharedStream // nil for a stream of its own
	ctx     context.Context
	cancel  context.CancelCauseFunc
	release func()             // gives the stream up
	ch      clientv3.WatchChan // nil until open has returned
}

// newLine returns a line on a stream of its own. The context of the stream is
// derived from ctx.
func (f *follower) newLine(ctx context.Context) *line {
	st := f.newStream(ctx, f.key)
	l := &line{stream: st, release: st.end}
	l.ctx, l.cancel = context.WithCancelCause(st.ctx)
	return l
}

// newSharedLine returns a line on the shared stream.
func (f *follower) newSharedLine() *line {
	sh := f.acquireShared(f.key)
	l := &line{stream: sh.stream, shared: sh, release: func() { f.releaseShared(sh) }}
	l.ctx, l.cancel = context.WithCancelCause(sh.ctx)
	return l
}

// open opens the watch of the keys of f after revision. The watch begins at
// revision, and not at the next one. The next one is in the future, and until it
// exists the server answers no progress requests. Changes that arrive again are
// dropped. With revision 0 the watch begins with the next change, and so has
// caught up from the start.
//
// One goroutine must receive from ch then, because the client buffers responses
// without a limit.
func (l *line) open(f *follower, revision int64) {
	l.ch = l.stream.Watch(l.ctx, f.key, f.withRange(
		clientv3.WithRev(revision), clientv3.WithProgressNotify(), clientv3.WithFragment())...)
}

// end ends the watch, and the stream if it has no other watch. Behind a wrapper
// it returns earlier. open must have returned.
func (l *line) end() {
	l.cancel(nil)
	if l.stream.own {
		l.release()
		return
	}
	go func() {
		for range l.ch { // The stream can be reaped once the client has ended the watch.
		}
		l.release()
	}()
}
