package etcd

import (
	"context"
	"reflect"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/atomic"
	"google.golang.org/grpc/metadata"
)

// streamKey is the metadata key that gives a stream its own name. The client
// puts watches with equal metadata on one stream. A stream fails as a whole. It
// answers progress requests only once all its watches have caught up.
//
// The client ends a stream when the last of its established watches ends, and in
// no other case. So the client keeps a stream without a watch until the client
// is closed. There are several ways to get one:
//
//   - The context of a Watch ends before the stream has accepted the watch.
//   - A watch ends before the server has confirmed it, or while the client
//     restores the stream after a lost connection. The watch is in the client's
//     queue of requests then, and the client counts it.
//   - RequestProgress is called when the last watch of the stream has ended. The
//     client then opens another stream for the request.
//
// Each of them can happen to every watch. So a stream is ended explicitly when
// its watches have ended.
const streamKey = "event-stream"

// streamCount is the number of streams so far.
var streamCount atomic.Int64

// A stream is a stream of the client, as a Watcher. Its owner calls end once all
// watches of the stream were ended, and calls no other method any more.
type stream struct {
	clientv3.Watcher
	// own is true if Watcher has no other stream. Then Close ends the stream.
	own  bool
	ctx  context.Context // selects the stream; parent of the contexts of watches
	life *lifeline
	key  string // of the watches that reap the stream
}

// newStream returns a new stream, whose context is derived from ctx. It does not
// open the stream. Streams are not reused, because one that is about to close
// may be the broken one.
//
// The stream is reaped with a watch of key, which the user may read.
func (s *Store) newStream(ctx context.Context, key string) *stream {
	ctx = metadata.AppendToOutgoingContext(ctx, streamKey, strconv.FormatInt(streamCount.Inc(), 10))
	ctx, life := withLifeline(clientv3.WithRequireLeader(ctx))
	if own := ownWatcher(s.watcher); own != nil {
		return &stream{Watcher: own, own: true, ctx: ctx, life: life, key: key}
	}
	return &stream{Watcher: s.watcher, ctx: ctx, life: life, key: key}
}

// ownWatcher returns a new Watcher with the connection of w, or nil if w is a
// wrapper.
func ownWatcher(w clientv3.Watcher) clientv3.Watcher {
	switch w := w.(type) {
	case *clientv3.Client:
		if hasOwnWatcher(w) {
			return clientv3.NewWatcher(w)
		}
	case interface{ newWatcher() clientv3.Watcher }: // of a test
		return w.newWatcher()
	}
	return nil
}

// hasOwnWatcher reports whether the watches of c are the ones of another Watcher
// on its connection. A user can replace the Watcher of a client, for example by
// one of package namespace.
func hasOwnWatcher(c *clientv3.Client) bool {
	own := reflect.TypeOf(clientv3.NewWatchFromWatchClient(nil, nil))
	return c.ActiveConnection() != nil && reflect.TypeOf(c.Watcher) == own
}

// requestProgress requests a progress notification. The client takes the request
// only while it has a connection. A failure shows as silence. ctx is derived from
// the context of the stream.
func (st *stream) requestProgress(ctx context.Context, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_ = st.RequestProgress(ctx)
}

// closeTimeout is the time limit for the Close of an own Watcher. Close waits for
// the client alone, and not for the server. But the client hangs for good if a
// stream ends at the moment at which the server rejects a watch.
const closeTimeout = time.Second

// end ends the stream. Without an own Watcher it returns earlier: it may have to
// wait until the client has a connection again, or is closed.
func (st *stream) end() {
	if !st.own {
		go st.reap()
		return
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = st.Close()
	}()
	limit := time.NewTimer(closeTimeout)
	defer limit.Stop()
	select {
	case <-closed:
	case <-limit.C:
	}
}

// reap ends a stream whose watches have ended. It opens a watch on the stream, and
// ends the watch once the server has confirmed it. The client then ends the stream,
// unless the connection is lost before the client has processed the end.
//
// With a meter, reap tries again after each loss. Without a meter it tries twice,
// and the stream stays if the connection is lost during the second attempt. More
// attempts would not help, because each may be the first on another stream: if the
// stream has ended, the client opens another one for a watch.
func (st *stream) reap() {
	delay := retryDelay{least: minBackoff, most: maxBackoff}
	for attempt := 1; ; attempt++ {
		st.life.lost.Store(false)
		ctx, cancel := context.WithCancel(context.WithoutCancel(st.ctx))
		ch := st.Watch(ctx, st.key)
		cancel()
		for range ch { // The client closes ch when it has ended the watch.
		}
		switch metered := st.life.sent.Load(); {
		case metered && st.life.lost.Load():
			delay.wait(context.Background())
		case metered || attempt == 2:
			return
		}
	}
}

// open reports whether the client is open. It opens the stream for that.
func (st *stream) open() (open bool) {
	ctx, cancel := context.WithCancel(st.ctx)
	defer cancel()
	select {
	case _, open = <-st.Watch(ctx, st.key):
	case <-time.After(probeTimeout):
		open = true
	}
	return open
}

// clientEnded reports whether the client is closed, if that is known. A client
// has a Ctx. A wrapper has none.
func (s *Store) clientEnded() (ended, known bool) {
	for _, c := range []any{s.kv, s.watcher} {
		if c, ok := c.(interface{ Ctx() context.Context }); ok {
			return c.Ctx().Err() != nil, true
		}
	}
	return false, false
}

// clientClosed reports whether the client is closed. Behind a wrapper, a Watch of
// a closed client fails at once.
func (f *follower) clientClosed() bool {
	if ended, known := f.clientEnded(); known {
		return ended
	}
	// At most one probe at a time: it may last for as long as the client has no
	// connection.
	if f.probe == nil {
		result := make(chan bool, 1)
		st := f.newStream(context.Background(), f.key)
		go func() {
			result <- st.open()
			st.reap()
		}()
		f.probe = result
	}
	select {
	case open := <-f.probe:
		f.probe = nil
		return !open
	case <-time.After(probeTimeout):
		return false
	}
}

// probeTimeout is the time limit for a closed client to report that it is
// closed. The client does that at once.
const probeTimeout = time.Millisecond
