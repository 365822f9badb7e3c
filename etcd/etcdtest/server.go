package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/eventvalue/event/etcd"
)

// FastTick is the default heartbeat interval of servers. An election takes
// about ten ticks, so a single member is ready within a fraction of a second.
const FastTick = 10 * time.Millisecond

// A Config configures a [Server]. The zero Config suits most tests.
type Config struct {
	// Dir is the directory of the data. A later server may use it again. If Dir
	// is empty, the server creates a temporary directory and removes it at
	// Close.
	Dir string
	// Tick is the heartbeat interval, or 0 for FastTick. The election timeout
	// is ten ticks.
	Tick time.Duration
	// Edit, if it is not nil, changes etcd's own configuration last. If it sets
	// a URL with a scheme other than http, it must also set certificates.
	Edit func(*embed.Config)
}

// A Server is an etcd cluster of one member inside this process. Close it after
// use. Its methods may be called concurrently.
type Server struct {
	etcd  *embed.Etcd
	temp  string // the directory to remove
	close func() error
}

// Start starts a member. It returns when the member is ready to serve, ctx has
// ended, or the member has failed.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := new(Server)
	if cfg.Dir == "" {
		dir, err := os.MkdirTemp("", "etcdtest")
		if err != nil {
			return nil, err
		}
		cfg.Dir, s.temp = dir, dir
	}
	c := embedded("single", cfg.Dir, cfg.Tick)
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	if cfg.Edit != nil {
		cfg.Edit(c)
	}
	var err error
	if s.etcd, err = serve(ctx, c); err != nil {
		return nil, errors.Join(err, s.removeTemp())
	}
	s.close = sync.OnceValue(func() error {
		s.etcd.Close()
		return s.removeTemp()
	})
	return s, nil
}

// embedded returns the configuration that all servers share.
func embedded(name, dir string, tick time.Duration) *embed.Config {
	if tick == 0 {
		tick = FastTick
	}
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	c := embed.NewConfig()
	c.Name, c.Dir = name, dir
	c.ListenPeerUrls, c.AdvertisePeerUrls = anyPort, anyPort
	c.ListenClientUrls, c.AdvertiseClientUrls = anyPort, anyPort
	c.TickMs = uint(tick.Milliseconds())
	c.ElectionMs = 10 * c.TickMs
	c.UnsafeNoFsync = true
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	return c
}

// serve starts a member and waits until it is ready.
func serve(ctx context.Context, c *embed.Config) (*embed.Etcd, error) {
	e, err := embed.StartEtcd(c)
	if err != nil {
		return nil, fmt.Errorf("etcdtest: starting a server: %w", err)
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err = <-e.Err():
	case <-e.Server.StopNotify():
		err = errors.New("stopped before it was ready")
	case <-ctx.Done():
		err = ctx.Err()
	}
	e.Close()
	return nil, fmt.Errorf("etcdtest: waiting for a server: %w", err)
}

// Addr returns the host and port for clients.
func (s *Server) Addr() string { return s.etcd.Clients[0].Addr().String() }

// Close stops the server and waits until it has ended. The data in a directory
// that the Config names stay. Close may be called more than once.
func (s *Server) Close() error { return s.close() }

func (s *Server) removeTemp() error {
	if s.temp == "" {
		return nil
	}
	return os.RemoveAll(s.temp)
}

// Dial returns a client with [etcd.ClientConfig] for the servers at addrs. It
// does not wait for a connection. Close the client after use.
func Dial(addrs ...string) (*clientv3.Client, error) {
	return clientv3.New(etcd.ClientConfig(addrs...))
}
