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

// FastTick is the heartbeat interval of servers that are told none. Elections take some ten of
// it: a single member is ready within a fraction of a second.
const FastTick = 10 * time.Millisecond

// A Config says what is special about a server. The zero Config is good for most tests.
type Config struct {
	// Dir is where the data are kept: it is used again by the next server that gets it. If it
	// is empty, the server makes a temporary one and removes it when it is closed.
	Dir string
	// Tick is the heartbeat interval, FastTick if it is zero. The election timeout is ten times that.
	Tick time.Duration
	// Edit, if it is not nil, changes etcd's own configuration last. URLs that it sets to
	// another scheme than http need certificates, too.
	Edit func(*embed.Config)
}

// A Server is an etcd member inside this process, which is a cluster of its own. Close it. Its
// methods may be called concurrently.
type Server struct {
	etcd  *embed.Etcd
	temp  string // the directory to remove
	close func() error
}

// Start starts a member and returns when it is ready to serve, ctx has ended or it has failed.
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

// embedded is the configuration that all servers here begin with: loopback, any ports, quiet.
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

// Addr returns where clients are served: host and port.
func (s *Server) Addr() string { return s.etcd.Clients[0].Addr().String() }

// Close stops the server and returns when it has ended. Data in a directory that the
// Config named stay. It may be called more than once.
func (s *Server) Close() error { return s.close() }

func (s *Server) removeTemp() error {
	if s.temp == "" {
		return nil
	}
	return os.RemoveAll(s.temp)
}

// Dial returns a client of the servers at these addresses, with [etcd.ClientConfig]. It does
// not wait for a connection. Close it.
func Dial(addrs ...string) (*clientv3.Client, error) {
	return clientv3.New(etcd.ClientConfig(addrs...))
}
