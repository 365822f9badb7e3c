package integration

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
	"github.com/eventvalue/event/remote/remotetest"
)

// TestStore is what a Store promises, on a server that is cut, compacted, restarted and reset.
func TestStore(t *testing.T) {
	remotetest.Run(t, func(t testing.TB) remotetest.Harness { return newWorld(t).harness() })
}

// A world is a server that can be killed and replaced, and a store on it.
type world struct {
	t      testing.TB
	member *etcdtest.Member
	proxy  *etcdtest.Proxy // before the store
	open   *streamCounter  // of the store's client
	store  *etcd.Store
	direct *etcd.Store
	client *clientv3.Client // direct
}

func newWorld(t testing.TB, opts ...etcd.Option) *world {
	c, err := etcdtest.StartCluster(patient(t), etcdtest.ClusterConfig{Members: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	w := &world{t: t, member: c.Members[0]}
	w.proxy = proxied(t, w.member.Client.Addr())
	w.open = new(streamCounter)
	cfg := etcd.ClientConfig(w.proxy.Addr())
	cfg.DialOptions = append(cfg.DialOptions, grpc.WithStatsHandler(w.open))
	client := dialWith(t, cfg)
	w.client = dial(t, w.member.Client.Addr())
	w.store = etcd.New(client, client, append([]etcd.Option{etcd.Silence(silence), etcd.PageSize(100)}, opts...)...)
	w.direct = etcd.New(w.client, w.client)
	return w
}

func (w *world) harness() remotetest.Harness {
	return remotetest.Harness{
		Store: w.store, Direct: w.direct,
		Cut: w.proxy.Cut, Heal: w.proxy.Heal,
		Compact:  func() { compact(w.t, w.client) },
		Restart:  func() { w.member.Kill(); w.up() },
		Save:     w.save,
		HalfOpen: w.proxy.Forget, Slow: w.proxy.Limit, LoseAnswer: w.proxy.Mute,
		ValueLimit: embed.DefaultMaxRequestBytes,
		Open:       w.open.count,
		Goroutine: func(stack string) bool {
			return strings.Contains(stack, "eventvalue/event/etcd.") || strings.Contains(stack, "etcd/client/v3.")
		},
		Patience: patience,
		Keys:     1000,
	}
}

// A streamCounter counts the open watch streams of a client.
type streamCounter struct {
	open  atomic.Int64
	begun event.MemoryValue[int] // the number of streams so far, once there is one
}

func (c *streamCounter) count() int { return int(c.open.Load()) }

type streamKey struct{}

// TagRPC implements [stats.Handler].
func (c *streamCounter) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, streamKey{}, strings.HasSuffix(info.FullMethodName, "/Watch"))
}

// HandleRPC implements [stats.Handler].
func (c *streamCounter) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if isWatch, _ := ctx.Value(streamKey{}).(bool); !isWatch {
		return
	}
	switch s.(type) {
	case *stats.Begin:
		c.open.Add(1)
		c.begun.Update(func(n int, _ bool) (int, bool) { return n + 1, true })
	case *stats.End:
		c.open.Add(-1)
	}
}

// TagConn implements [stats.Handler].
func (c *streamCounter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}

// HandleConn implements [stats.Handler].
func (c *streamCounter) HandleConn(context.Context, stats.ConnStats) {}

// up starts the server and waits until it serves.
func (w *world) up() {
	w.t.Helper()
	if err := w.member.Start(patient(w.t)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.client.Get(patient(w.t), "x"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) save() (restore func()) {
	w.t.Helper()
	w.member.Kill()
	saved := w.t.TempDir()
	w.copy(saved, w.member.Dir())
	w.up()
	return func() {
		w.member.Kill()
		if err := os.RemoveAll(w.member.Dir()); err != nil {
			w.t.Fatal(err)
		}
		w.copy(w.member.Dir(), saved)
		// Restoring takes its time. A server that was away for less than Silence may have gone back
		// without being noticed; package etcd says so.
		time.Sleep(2 * silence)
		w.up()
	}
}

func (w *world) copy(to, from string) {
	w.t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		w.t.Fatal(err)
	}
}
