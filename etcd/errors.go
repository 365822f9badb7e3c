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

// errSilent is the reason of a lost connection on which the server does not
// answer.
var errSilent = errors.New("etcd: the server does not answer")

// errFellSilent is errSilent for a connection on which the server has answered.
var errFellSilent = errors.New("etcd: the server has fallen silent")

// errBehind is the reason for leaving a server that answers and has a leader,
// but gets no changes from the other servers. For example, its own messages to
// the others may be lost.
var errBehind = errors.New("etcd: the server stays behind the others")

// errWatchEnded is the reason of a watch that the client has ended without an
// error.
var errWatchEnded = errors.New("etcd: the watch has ended")

// errClientClosed is returned by operations on a closed client.
var errClientClosed = errors.New("etcd: the client was closed")

// A staleError reports that Follow cannot continue the known state, and must
// read the full state.
type staleError struct{ reason string }

func (e *staleError) Error() string { return "etcd: read the whole state: " + e.reason }

// An applyError wraps an error of the function that Follow was given.
type applyError struct{ error }

// code returns the gRPC code of an error of the client.
func code(err error) codes.Code {
	var e rpctypes.EtcdError
	if errors.As(err, &e) {
		return e.Code()
	}
	return status.Code(err)
}

// stale reports whether err requires the full state.
func stale(err error) bool {
	var e *staleError
	return errors.As(err, &e) || errors.Is(err, rpctypes.ErrCompacted)
}

// refusals are the errors by which etcd refuses a user.
var refusals = []error{rpctypes.ErrPermissionDenied, rpctypes.ErrAuthFailed, rpctypes.ErrUserEmpty}

// refusal returns err if it is an answer that does not change until an
// administrator changes permissions, passwords or servers, and otherwise nil. An
// invalid or expired token is not a refusal, because the client gets another one.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	for _, e := range refusals {
		switch {
		case errors.Is(err, e):
			return err
		case strings.Contains(err.Error(), e.Error()):
			return e // The reason for which a server cancels a watch is only a text.
		}
	}
	if code(err) == codes.Unimplemented {
		return err // The server is not etcd, or a proxy answers 404.
	}
	return nil
}

// losesStream reports whether the client opens a watch stream again that has ended
// with err. After any other error it ends the stream's watches.
func losesStream(err error) bool {
	c := status.Code(err)
	return (c == codes.Unavailable || c == codes.Internal) && !errors.Is(rpctypes.Error(err), rpctypes.ErrNoLeader)
}

// tooLarge reports whether gRPC, on either side, has refused a message because
// of its size.
func tooLarge(err error) bool {
	return code(err) == codes.ResourceExhausted && strings.Contains(err.Error(), "larger than max")
}

// writeError converts the error of a failed write to the error that Put
// returns. life is the lifeline of the write.
func writeError(ctx context.Context, life *lifeline, err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrRequestTooLarge), tooLarge(err):
		// The second error is gRPC's, of either side. The request was not
		// processed.
		return fmt.Errorf("%w: etcd: %w", remote.ErrBadValue, err)
	case refusal(err) != nil:
		return fmt.Errorf("%w: etcd: nothing written: %w", remote.ErrRefused, err)
	case rejected(code(err)), errors.Is(err, rpctypes.ErrTooManyRequests):
		return fmt.Errorf("etcd: nothing written: %w", err)
	case life.unsent():
		return fmt.Errorf("etcd: nothing written: %w", writeReason(ctx, life, err))
	}
	return remote.Unknown(fmt.Errorf("etcd: %w", writeReason(ctx, life, err)))
}

// writeReason returns err with the error of ctx, and with the reason for which
// the write had no connection.
func writeReason(ctx context.Context, life *lifeline, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	if reason := life.noConnection(); reason != "" {
		err = fmt.Errorf("%w: %s", err, reason)
	}
	return err
}

// rejected reports whether a server that answers with code c has written
// nothing.
//
// Some codes are missing on purpose. Unavailable can arise on the way back.
// ResourceExhausted is the code of a full database, and the server checks the
// quota before the write but reports the result after it: the write that reaches
// the quota is done, and its answer is ErrNoSpace. ErrTooManyRequests has the
// same code and is an exception, because the server returns it before it
// proposes the write.
//
// The server returns the codes below before it proposes the write (a bad
// request, an invalid token, a learner), or while it applies the write and before
// it changes anything (no permission, no such lease). Proxies return them for
// requests that they do not forward.
func rejected(c codes.Code) bool {
	switch c {
	case codes.InvalidArgument, codes.PermissionDenied, codes.Unauthenticated, codes.NotFound,
		codes.FailedPrecondition, codes.OutOfRange, codes.Unimplemented:
		return true
	}
	return false
}
