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

// UnsentWriteError converts the error of a write that gRPC has ended with failure
// before it was sent.
func UnsentWriteError(ctx context.Context, err, failure error) error {
	l := new(lifeline)
	l.begun.Store(true)
	l.failure.Store(failure)
	return writeError(ctx, l, err)
}

// For the tests.
var (
	Refusal         = refusal
	ErrSilent       = errSilent
	ErrClientClosed = errClientClosed
)
