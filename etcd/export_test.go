package etcd

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Receive makes the lifeline of a call count n bytes more.
func Receive(ctx context.Context, n int64) {
	l := ctx.Value(lifelineKey{}).(*lifeline)
	l.conn.CompareAndSwap(nil, new(meteredConn))
	l.conn.Load().received.Add(n)
}

// For the tests.
var (
	WriteError      = writeError
	Refusal         = refusal
	ErrSilent       = errSilent
	ErrClientClosed = errClientClosed
)

// Meter returns the two functions by which a simulated connection takes part in
// the count of bytes: the first connects the lifeline of a call to it, the second
// counts n bytes more.
func Meter() (connect func(context.Context), count func(n int64)) {
	c := new(meteredConn)
	connect = func(ctx context.Context) {
		if l, ok := ctx.Value(lifelineKey{}).(*lifeline); ok {
			l.conn.Store(c)
		}
	}
	return connect, func(n int64) { c.received.Add(n) }
}

// An OwnWatcher is a Watcher that can make others on its connection, as a client
// can.
type OwnWatcher struct {
	clientv3.Watcher
	New func() clientv3.Watcher
}

func (w OwnWatcher) newWatcher() clientv3.Watcher { return w.New() }
