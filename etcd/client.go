package etcd

import (
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// ClientConfig returns a configuration of etcd's client that suits a [Store].
// The client notices a dead connection by keep-alives, and reconnects every two
// seconds at most. etcd's defaults send no keep-alives and wait up to two
// minutes. The configuration logs nothing.
//
// The configuration counts the bytes that arrive on each connection. So a Store
// distinguishes a slow line from a dead one. With another configuration a Store
// learns that from attempts that fail.
//
// The configuration also records whether each request was sent, and the reason
// for a missing connection. So a write that was not sent has written nothing, and
// the Status of a value has the reason, for example "connection refused". With
// another configuration the outcome of such a write is unknown, and the Status
// has the reason only if New was given the client itself and not a wrapper.
//
// The client connects directly, and not by the proxy that HTTPS_PROXY names.
//
// Add other settings, such as TLS, Username, Password or a Logger. Append to
// DialOptions, and do not replace them. Create the client by clientv3.New.
// Without endpoints clientv3.New returns an error. With a Password it waits for
// the first token, for DialTimeout at most: raise that if the server takes longer
// to check the password.
func ClientConfig(endpoints ...string) clientv3.Config {
	reconnect := backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second}
	return clientv3.Config{
		Endpoints:            endpoints,
		Logger:               zap.NewNop(),
		DialTimeout:          5 * time.Second,
		DialKeepAliveTime:    10 * time.Second, // the least that gRPC allows
		DialKeepAliveTimeout: keepAliveTimeout,
		DialOptions: append(new(meter).options(),
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: 3 * time.Second})),
	}
}

// keepAliveTimeout is the time after which a connection without an answer to a
// keep-alive is closed.
const keepAliveTimeout = 3 * time.Second
