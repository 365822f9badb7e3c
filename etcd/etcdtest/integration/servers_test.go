package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
)

const (
	// patience is how long what ought to happen may take. Only what is broken takes as long.
	patience = 30 * time.Second
	// silence makes tests fast.
	silence = 300 * time.Millisecond
)

func patient(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func start(t testing.TB, cfg etcdtest.Config) *etcdtest.Server {
	t.Helper()
	s, err := etcdtest.Start(patient(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func proxied(t testing.TB, target string) *etcdtest.Proxy {
	t.Helper()
	p, err := etcdtest.NewProxy(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func dial(t testing.TB, addrs ...string) *clientv3.Client {
	t.Helper()
	return dialWith(t, etcd.ClientConfig(addrs...))
}

var fastReconnect = grpc.WithConnectParams(grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 2, MaxDelay: 200 * time.Millisecond},
	MinConnectTimeout: time.Second,
})

// dialWith connects again faster than [etcd.ClientConfig] does. The clients of a
// test stay open until all that the test has opened after the first of them is
// closed. Then none of them may have a watch stream.
func dialWith(t testing.TB, cfg clientv3.Config) *clientv3.Client {
	t.Helper()
	cfg.DialOptions = append(cfg.DialOptions, fastReconnect)
	c, err := clientv3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := clients[t.Name()]; !ok {
		t.Cleanup(func() { closeClients(t) })
	}
	clients[t.Name()] = append(clients[t.Name()], c)
	return c
}

// clients are the open clients by the name of their test. Tests do not run in
// parallel.
var clients = map[string][]*clientv3.Client{}

func closeClients(t testing.TB) {
	if left := leftovers(watchStreams); left != "" && !t.Failed() {
		t.Error("watch streams are left:\n" + left)
	}
	for _, c := range clients[t.Name()] {
		_ = c.Close()
	}
	delete(clients, t.Name())
}

// A bench is a server, a proxy before it, a store that goes by the proxy, and a client that does not.
type bench struct {
	server *etcdtest.Server
	proxy  *etcdtest.Proxy
	client *clientv3.Client // by the proxy
	direct *clientv3.Client
	store  *etcd.Store
}

func newBench(t testing.TB, opts ...etcd.Option) *bench {
	t.Helper()
	b := &bench{server: start(t, etcdtest.Config{})}
	b.proxy = proxied(t, b.server.Addr())
	b.client, b.direct = dial(t, b.proxy.Addr()), dial(t, b.server.Addr())
	b.store = etcd.New(b.client, b.client, append([]etcd.Option{etcd.Silence(silence)}, opts...)...)
	return b
}

func put(t testing.TB, c clientv3.KV, key, val string) int64 {
	t.Helper()
	r, err := c.Put(patient(t), key, val)
	if err != nil {
		t.Fatal(err)
	}
	return r.Header.Revision
}

func del(t testing.TB, c clientv3.KV, key string) int64 {
	t.Helper()
	r, err := c.Delete(patient(t), key)
	if err != nil {
		t.Fatal(err)
	}
	return r.Header.Revision
}

// delAll deletes all keys that begin with prefix, in one revision.
func delAll(t testing.TB, c clientv3.KV, prefix string) int64 {
	t.Helper()
	r, err := c.Delete(patient(t), prefix, clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	return r.Header.Revision
}

// fill puts n keys.
func fill(t testing.TB, c clientv3.KV, prefix string, n int) {
	t.Helper()
	for from := 0; from < n; from += 100 {
		var ops []clientv3.Op
		for i := from; i < min(from+100, n); i++ {
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("%s%05d", prefix, i), fmt.Sprint("value ", i)))
		}
		if _, err := c.Txn(patient(t)).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func compact(t testing.TB, c clientv3.KV) {
	t.Helper()
	r, err := c.Get(patient(t), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compact(patient(t), r.Header.Revision); err != nil {
		t.Fatal(err)
	}
}
