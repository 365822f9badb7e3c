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

// streamKey is the metadata key that gives a watch its own stream. The client
// puts watches with equal metadata on one stream. A stream fails as a whole. It
// answers progress requests only once all its watches have caught up.
//
// The client ends a stream when the last of its established watches ends, and in
// no other case. So the client keeps a stream without a watch until the client
// is closed. There are several ways to get one:
//
//   - The context of a Watch ends before the stream has accepted the watch.
//   - A watch ends before the server has confirmed it, or while the client
//     restores the stream after a lost connection.
//   - RequestProgress is called when the last watch of the stream has ended. The
//     client then opens another stream for the request.
//
// Each of them can happen to every watch. So a stream is ended explicitly when
// its watch has ended.
const streamKey = "event-stream"

// streamCount is the number of streams so far.
var streamCount atomic.Int64

// withNewStream returns a context that makes the client open a new stream.
// Streams are not reused, because one that is about to close may be the broken
// one.
func withNewStream(ctx context.Context) context.Context {
	ctx = metadata.AppendToOutgoingContext(ctx, streamKey, strconv.FormatInt(streamCount.Inc(), 10))
	return clientv3.WithRequireLeader(ctx)
}

// A stream is the stream of one watch, as a Watcher. Its owner calls end once it
// calls no other method any more.
type stream struct {
	clientv3.Watcher
	// own is true if Watcher has no other stream. Then Close ends the stream.
	own bool
	ctx context.Context // of withNewStream
	f   *follower
}

// newStream returns the stream of ctx, which withNewStream has returned. It does
// not open the stream.
func (f *follower) newStream(ctx context.Context) *stream {
	if c, ok := f.watcher.(*clientv3.Client); ok && hasOwnWatcher(c) {
		return &stream{Watcher: clientv3.NewWatcher(c), own: true, ctx: ctx, f: f}
	}
	return &stream{Watcher: f.watcher, ctx: ctx, f: f}
}

// hasOwnWatcher reports whether the watches of c are the ones of another Watcher
// on its connection. A user can replace the Watcher of a client, for example by
// one of package namespace.
func hasOwnWatcher(c *clientv3.Client) bool {
	own := reflect.TypeOf(clientv3.NewWatchFromWatchClient(nil, nil))
	return c.ActiveConnection() != nil && reflect.TypeOf(c.Watcher) == own
}

// end ends the stream. If wait is true, it returns the reason why the client
// cannot open the stream again, or nil if it finds none within timeout.
func (st *stream) end(wait bool, timeout time.Duration) error {
	if st.own {
		_ = st.Close()
		if wait && st.f.clientClosed() {
			return errClientClosed
		}
		return nil
	}
	if !wait {
		timeout = 0
	}
	result := st.f.reap(st.ctx, timeout)
	if !wait {
		return nil
	}
	select {
	case err := <-result:
		return err
	case <-time.After(2 * timeout):
		return nil
	}
}

// reap ends the stream of ctx, which the owner does not use any more. It sends
// the error that the stream has within timeout, or nil. It may have to wait
// until the client has a connection again, or is closed.
//
// Cost: reap opens a watch on the stream and ends the watch once the server has
// confirmed it. If the stream has ended, the client opens another one for that.
func (f *follower) reap(ctx context.Context, timeout time.Duration) <-chan error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	result := make(chan error, 1)
	go func() {
		defer cancel()
		ch := f.watcher.Watch(ctx, f.key)
		if timeout == 0 {
			return
		}
		select {
		case r, ok := <-ch:
			if !ok {
				result <- errClientClosed
				return
			}
			result <- r.Err()
		case <-time.After(timeout):
			result <- nil
		}
	}()
	return result
}

// clientClosed reports whether the client is closed. A client has a Ctx. A
// wrapper has none, but a Watch of a closed client fails at once.
func (f *follower) clientClosed() bool {
	for _, c := range []any{f.kv, f.watcher} {
		if c, ok := c.(interface{ Ctx() context.Context }); ok {
			return c.Ctx().Err() != nil
		}
	}
	// At most one probe at a time: it may last for as long as the client has no
	// connection.
	if f.probe == nil {
		f.probe = f.reap(withNewStream(context.Background()), probeTimeout)
	}
	select {
	case err := <-f.probe:
		f.probe = nil
		return err == errClientClosed
	case <-time.After(probeTimeout):
		return false
	}
}

// probeTimeout is the time limit for a closed client to report that it is
// closed. The client does that at once.
const probeTimeout = time.Millisecond
