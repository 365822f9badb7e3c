package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
	"github.com/eventvalue/event/remote"
)

// slowPasswords makes a server take so much longer to check a password. The check ends early if the
// client gives it up.
func slowPasswords(d time.Duration) grpc.ServerOption {
	return grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		if info.FullMethod == pb.Auth_Authenticate_FullMethodName {
			select {
			case <-time.After(d):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return handle(ctx, req)
	})
}

// TestSlowPassword has a server that takes longer than four times Silence to check a password, when a
// watch opens, and when a read has an expired token.
func TestSlowPassword(t *testing.T) {
	s := start(t, etcdtest.Config{Edit: func(c *embed.Config) {
		c.AuthTokenTTL = 2 // seconds
		c.BcryptCost = 4
		c.GRPCAdditionalServerOptions = append(c.GRPCAdditionalServerOptions, slowPasswords(4*silence))
	}})
	enableAuth(t, dial(t, s.Addr()), "p/")
	root := rootClient(t, s.Addr())
	plain := func(addrs ...string) clientv3.Config {
		return clientv3.Config{Endpoints: addrs, Logger: zap.NewNop()}
	}
	for what, config := range map[string]func(addrs ...string) clientv3.Config{"ClientConfig": etcd.ClientConfig, "plain": plain} {
		t.Run(what, func(t *testing.T) {
			p := proxied(t, s.Addr())
			cfg := config(p.Addr())
			cfg.Username, cfg.Password = "user", "pw"
			client := dialWith(t, cfg)
			r := follow(t, etcd.New(client, client, etcd.Silence(silence)), remote.Prefix("p/"))
			if what == "ClientConfig" {
				r.until("the reason", func() bool {
					return r.broken != nil && strings.Contains(r.broken.Error(), "has not checked the password")
				})
			}
			r.until("the watch", func() bool { return r.fulls > 0 && r.broken == nil && r.pieces == nil })
			put(t, root, "p/1", "x")
			r.agrees(root)
			p.Cut() // The next read begins with an expired token.
			r.until("a broken connection", func() bool { return r.broken != nil })
			time.Sleep(3 * time.Second)
			put(t, root, "p/1", "y")
			p.Heal()
			r.agrees(root)
		})
	}
}

// TestExpensivePassword has the passwords of a server whose administrator has raised their cost.
func TestExpensivePassword(t *testing.T) {
	if testing.Short() {
		t.Skip("computes for seconds")
	}
	s := start(t, etcdtest.Config{Edit: func(c *embed.Config) { c.BcryptCost = 14 }})
	enableAuth(t, dial(t, s.Addr()), "p/")
	root := rootClient(t, s.Addr())
	client := userClient(t, "user", "pw", s.Addr())
	r := follow(t, etcd.New(client, client, etcd.Silence(silence)), remote.Prefix("p/"))
	r.until("the watch", func() bool { return r.fulls > 0 && r.broken == nil })
	put(t, root, "p/1", "x")
	r.agrees(root)
}
