package etcd

import "context"

// Receive makes the lifeline of a call count n bytes more.
func Receive(ctx context.Context, n int64) {
	l := ctx.Value(lifelineKey{}).(*lifeline)
	l.conn.CompareAndSwap(nil, new(meteredConn))
	l.conn.Load().received.Add(n)
}

// WriteError converts the error of a write that may have been sent.
func WriteError(ctx context.Context, err error) error { return writeError(ctx, new(lifeline), err) }

// For the tests.
var (
	Refusal         = refusal
	ErrSilent       = errSilent
	ErrClientClosed = errClientClosed
)
