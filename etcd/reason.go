package etcd

import (
	"context"
	"fmt"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
)

// noConnection returns the reason for which the call had no connection, in the
// words of gRPC. It returns "" if the call had one, or if gRPC has not tried to
// connect yet. For example, the reason is the error of the dialer or of the TLS
// handshake.
//
// The calls of etcd's client wait for a connection until their context ends, and
// the client returns only the error of the context. The stats handler gets the
// error of gRPC, which has the reason after a fixed text.
func (l *lifeline) noConnection() string {
	_, reason, _ := strings.Cut(status.Convert(l.failure.Load()).Message(), "latest balancer error: ")
	return reason
}

// explain returns err with the reason for which the client has no connection. It
// returns err alone if there is a connection, or if the reason is not known.
func (f *follower) explain(ctx context.Context, err error) error {
	reason := f.reason.Load()
	if reason == "" {
		reason = f.askConnection(ctx)
	}
	if reason == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, reason)
}

// askConnection returns the reason for which the client has no connection, or
// "". It needs a client, not a wrapper, and no meter.
//
// A call that does not wait for a connection fails with the last error of the
// transport.
func (f *follower) askConnection(ctx context.Context) string {
	conn := f.connection()
	if conn == nil || conn.GetState() == connectivity.Ready {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, f.silence/10)
	defer cancel()
	request := &pb.RangeRequest{Key: []byte(f.key), KeysOnly: true, Serializable: true}
	_, err := pb.NewKVClient(conn).Range(ctx, request, grpc.WaitForReady(false))
	if status.Code(err) != codes.Unavailable {
		return ""
	}
	return status.Convert(err).Message()
}

// connection returns the connection of the client, or nil if there is none.
func (f *follower) connection() *grpc.ClientConn {
	for _, c := range []any{f.kv, f.watcher} {
		if c, ok := c.(*clientv3.Client); ok {
			return c.ActiveConnection()
		}
	}
	return nil
}
