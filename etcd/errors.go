package etcd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eventvalue/event/remote"
)

// errSilent is why a connection counts as lost that has not been closed.
var errSilent = errors.New("etcd: the server does not answer")

// errLost is errSilent of a connection that was good.
var errLost = errors.New("etcd: the server has fallen silent")

// errBehind is why a connection counts as lost that is there. The server has a leader and answers, but
// hears nothing of what the others agree on: what it sends does not reach them, say.
var errBehind = errors.New("etcd: the server stays behind the others")

// errWatchEnded is why a watch is begun anew that the client has ended without a reason.
var errWatchEnded = errors.New("etcd: the watch has ended")

// errClientClosed ends what needs the client.
var errClientClosed = errors.New("etcd: the client was closed")

// A staleError says that what was followed cannot be continued: the whole state is needed.
type staleError struct{ why string }

func (e *staleError) Error() string { return "etcd: read the whole state: " + e.why }

// An applyError is one of the function that Follow was given.
type applyError struct{ error }

// code is the gRPC code of an error of the client.
func code(err error) codes.Code {
	var e rpctypes.EtcdError
	if errors.As(err, &e) {
		return e.Code()
	}
	return status.Code(err)
}

// stale reports whether the whole state is needed.
func stale(err error) bool {
	var e *staleError
	return errors.As(err, &e) || errors.Is(err, rpctypes.ErrCompacted)
}

// permanent reports whether trying again is of no use: only somebody who changes permissions,
// passwords or the program can help. An invalid or old token is not among that: the
// client gets another one.
func permanent(err error) bool {
	for _, e := range []error{rpctypes.ErrPermissionDenied, rpctypes.ErrAuthFailed, rpctypes.ErrUserEmpty} {
		if errors.Is(err, e) {
			return true
		}
	}
	return errors.Is(err, errClientClosed) || code(err) == codes.Unimplemented // It is no etcd.
}

// writeError says what is known of a write that has failed.
func writeError(ctx context.Context, err error) error {
	switch c := code(err); {
	case errors.Is(err, rpctypes.ErrRequestTooLarge),
		c == codes.ResourceExhausted && strings.Contains(err.Error(), "larger than max"):
		// The latter is gRPC's, on either side: nothing of the request was looked at.
		return fmt.Errorf("%w: etcd: %w", remote.ErrBadValue, err)
	case refused(c):
		return fmt.Errorf("etcd: nothing written: %w", err)
	case ctx.Err() != nil:
		return remote.Unknown(fmt.Errorf("etcd: %w: %w", ctx.Err(), err))
	}
	return remote.Unknown(fmt.Errorf("etcd: %w", err))
}

// refused reports whether a server that answers with the code has written nothing. Unavailable, and
// what else can arise on the way back, is not among them.
func refused(c codes.Code) bool {
	switch c {
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.NotFound,
		codes.FailedPrecondition, codes.ResourceExhausted, codes.OutOfRange, codes.Unimplemented:
		return true
	}
	return false
}
