package etcd

import (
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// ClientConfig is a client's configuration that suits a [Store]: it notices dead connections after
// some 13 s, and tries to connect again every two seconds, where the client by itself would never notice,
// and wait up to two minutes. Nothing is logged. Add what else is needed, such as TLS, Username and Password, or
// a Logger, and make the client by clientv3.New; without endpoints that returns an error.
func ClientConfig(endpoints ...string) clientv3.Config {
	again := backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second}
	return clientv3.Config{
		Endpoints:            endpoints,
		Logger:               zap.NewNop(),
		DialTimeout:          5 * time.Second,
		DialKeepAliveTime:    10 * time.Second, // the least that gRPC allows
		DialKeepAliveTimeout: 3 * time.Second,
		DialOptions: []grpc.DialOption{
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: again, MinConnectTimeout: 3 * time.Second}),
		},
	}
}
