package integration

import (
	"os"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

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
	client := dial(t, w.proxy.Addr())
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
		Patience: patience,
		Keys:     1000,
	}
}

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
