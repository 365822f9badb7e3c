package etcd

import (
	"context"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
)

// explain returns err, which is errSilent, with the reason for which the client
// has no connection. It returns err alone if there is a connection, or if the
// Store has a wrapper instead of a client.
//
// The calls of the client wait for a connection, and their errors do not say why
// there is none. A call that does not wait fails with the last error of the
// transport, for example that of the dialer or of the TLS handshake.
func (f *follower) explain(ctx context.Context, err error) error {
	conn := f.connection()
	if conn == nil || conn.GetState() == connectivity.Ready {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.silence/10)
	defer cancel()
	request := &pb.RangeRequest{Key: []byte(f.key), KeysOnly: true, Serializable: true}
	_, reason := pb.NewKVClient(conn).Range(ctx, request, grpc.WaitForReady(false))
	if status.Code(reason) != codes.Unavailable {
		return err
	}
	return fmt.Errorf("%w: %s", err, status.Convert(reason).Message())
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
