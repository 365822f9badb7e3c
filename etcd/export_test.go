package etcd

import (
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/remote"
)

// Receive makes the lifeline of a call count n bytes more.
func Receive(ctx context.Context, n int64) {
	l := ctx.Value(lifelineKey{}).(*lifeline)
	l.conn.CompareAndSwap(nil, new(meteredConn))
	l.conn.Load().received.Add(n)
}

// Fragment makes the lifeline of a call record a message of n bytes.
func Fragment(ctx context.Context, n int64) {
	Receive(ctx, n)
	ctx.Value(lifelineKey{}).(*lifeline).message.Store(true)
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
	LosesStream     = losesStream
	ErrSilent       = errSilent
	ErrFellSilent   = errFellSilent
	ErrClientClosed = errClientClosed
)

// Meter returns the functions by which a simulated connection takes part in the
// measurement: the first connects the lifeline of a call to it, the second counts n
// bytes more, and the third records the error with which a call ends.
func Meter() (connect func(context.Context), count func(n int64), end func(context.Context, error)) {
	c := new(meteredConn)
	connect = func(ctx context.Context) {
		if l, ok := ctx.Value(lifelineKey{}).(*lifeline); ok {
			l.begun.Store(true)
			l.sent.Store(true)
			l.conn.Store(c)
		}
	}
	end = func(ctx context.Context, err error) {
		if l, ok := ctx.Value(lifelineKey{}).(*lifeline); ok {
			l.end(err)
		}
	}
	return connect, func(n int64) { c.received.Add(n) }, end
}

// An OwnWatcher is a Watcher that can make others on its connection, as a client
// can.
type OwnWatcher struct {
	clientv3.Watcher
	New func() clientv3.Watcher
}

func (w OwnWatcher) newWatcher() clientv3.Watcher { return w.New() }

// RequestToken makes the call of ctx wait for a token until the call of granted.
func RequestToken(ctx context.Context) (granted func()) {
	l := ctx.Value(lifelineKey{}).(*lifeline)
	l.begun.Store(true)
	l.token.Store(true)
	return func() {
		l.token.Store(false)
		l.granted.Store(true)
	}
}

// ReportBroken passes reason to fn as a follower does that has failed twice in a row.
func ReportBroken(ctx context.Context, reason error, fn func(remote.Batch) error) error {
	f := &follower{fn: fn}
	f.reason.Store("no connection")
	return errors.Join(f.reportBroken(ctx, reason), f.reportBroken(ctx, reason))
}
