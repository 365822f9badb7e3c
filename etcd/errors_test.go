package etcd_test

import (
	"context"
	"errors"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

func TestWriteErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		err     error
		ctx     context.Context
		want    error
		unknown bool
	}{
		{rpctypes.ErrRequestTooLarge, t.Context(), remote.ErrBadValue, false},
		{status.Error(codes.ResourceExhausted, "trying to send message larger than max"), t.Context(), remote.ErrBadValue, false},
		{rpctypes.ErrNoSpace, t.Context(), rpctypes.ErrNoSpace, true},
		{status.Error(codes.ResourceExhausted, "an unknown reason"), t.Context(), remote.ErrUnknownOutcome, true},
		{rpctypes.ErrTooManyRequests, t.Context(), rpctypes.ErrTooManyRequests, false},
		{rpctypes.ErrPermissionDenied, t.Context(), rpctypes.ErrPermissionDenied, false},
		{rpctypes.ErrPermissionDenied, t.Context(), remote.ErrRefused, false},
		{rpctypes.ErrInvalidAuthToken, t.Context(), rpctypes.ErrInvalidAuthToken, false},
		{rpctypes.ErrLeaseNotFound, t.Context(), rpctypes.ErrLeaseNotFound, false},
		{rpctypes.ErrTimeout, t.Context(), rpctypes.ErrTimeout, true},
		{rpctypes.ErrTimeoutDueToLeaderFail, t.Context(), rpctypes.ErrTimeoutDueToLeaderFail, true},
		{rpctypes.ErrStopped, t.Context(), rpctypes.ErrStopped, true},
		{status.Error(codes.Unavailable, "transport is closing"), t.Context(), remote.ErrUnknownOutcome, true},
		{status.Error(codes.Canceled, "canceled"), ended, context.Canceled, true},
		{errors.New("an unknown error"), t.Context(), remote.ErrUnknownOutcome, true},
	} {
		err := etcd.WriteError(c.ctx, c.err)
		if !errors.Is(err, c.want) || errors.Is(err, remote.ErrUnknownOutcome) != c.unknown {
			t.Errorf("%v becomes %v", c.err, err)
		}
	}
}

func TestUnsentWriteErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused := status.Error(codes.Canceled, "latest balancer error: connection refused")
	for _, c := range []struct {
		ctx          context.Context
		err, failure error
		want         string
	}{
		{ended, context.Canceled, refused, "etcd: nothing written: context canceled: connection refused"},
		{ended, errors.New("an error"), nil, "etcd: nothing written: context canceled: an error"},
		{t.Context(), errors.New("an error"), errors.New("another"), "etcd: nothing written: an error"},
	} {
		err := etcd.UnsentWriteError(c.ctx, c.err, c.failure)
		if errors.Is(err, remote.ErrUnknownOutcome) || !errors.Is(err, c.err) || err.Error() != c.want {
			t.Errorf("%v becomes %q, want %q", c.err, err, c.want)
		}
		if ended := c.ctx.Err(); ended != nil && !errors.Is(err, ended) {
			t.Errorf("%q does not wrap the error of its context", err)
		}
	}
}

func TestRefusal(t *testing.T) {
	for err, want := range map[error]bool{
		rpctypes.ErrPermissionDenied: true,
		rpctypes.ErrAuthFailed:       true,
		rpctypes.ErrUserEmpty:        true,
		etcd.ErrClientClosed:         false,
		errors.New("rpc error: code = PermissionDenied desc = etcdserver: permission denied"): true,
		status.Error(codes.Unimplemented, "unknown service etcdserverpb.KV"):                  true,
		rpctypes.ErrInvalidAuthToken:                       false,
		rpctypes.ErrAuthOldRevision:                        false,
		rpctypes.ErrNoLeader:                               false,
		rpctypes.ErrCompacted:                              false,
		status.Error(codes.Unavailable, "connection lost"): false,
		etcd.ErrSilent:                                     false,
	} {
		if got := etcd.Refusal(err) != nil; got != want {
			t.Errorf("refusal(%v) = %v", err, got)
		}
	}
}

// TestLosesStream checks after which errors etcd's client opens a stream again.
func TestLosesStream(t *testing.T) {
	for err, want := range map[error]bool{
		nil:            false,
		errUnavailable: true,
		status.Error(codes.Internal, "stream terminated by RST_STREAM"): true,
		status.Error(codes.Canceled, "context canceled"):                false,
		status.Error(codes.Unimplemented, "unknown service"):            false,
		rpctypes.ErrGRPCNoLeader:                                        false,
		rpctypes.ErrGRPCStopped:                                         true,
	} {
		if got := etcd.LosesStream(err); got != want {
			t.Errorf("losesStream(%v) = %v", err, got)
		}
	}
}
