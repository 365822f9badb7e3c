package etcd

import "context"

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
