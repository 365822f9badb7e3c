package integration

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/namespace"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
	"github.com/eventvalue/event/remote"
)

var errPermission = rpctypes.ErrPermissionDenied

// enableAuth makes a user "user" who may read and write what begins with prefix, and a root,
// both with the password "pw".
func enableAuth(t *testing.T, c *clientv3.Client, prefix string) {
	t.Helper()
	ctx := patient(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"root", "user"} {
		_, err := c.UserAdd(ctx, name, "pw")
		must(err)
	}
	_, err := c.UserGrantRole(ctx, "root", "root")
	must(err)
	_, err = c.RoleAdd(ctx, "role")
	must(err)
	_, err = c.RoleGrantPermission(ctx, "role", prefix, clientv3.GetPrefixRangeEnd(prefix), clientv3.PermissionType(clientv3.PermReadWrite))
	must(err)
	_, err = c.UserGrantRole(ctx, "user", "role")
	must(err)
	_, err = c.AuthEnable(ctx)
	must(err)
}

func userClient(t *testing.T, name, password string, addrs ...string) *clientv3.Client {
	t.Helper()
	cfg := etcd.ClientConfig(addrs...)
	cfg.Username, cfg.Password = name, password
	return dialWith(t, cfg)
}

func rootClient(t *testing.T, addrs ...string) *clientv3.Client {
	t.Helper()
	return userClient(t, "root", "pw", addrs...)
}

func authServer(t *testing.T) *etcdtest.Server {
	t.Helper()
	s := start(t, etcdtest.Config{Edit: func(c *embed.Config) {
		c.AuthTokenTTL = 1 // second
		c.BcryptCost = 4   // the cheapest
	}})
	enableAuth(t, dial(t, s.Addr()), "p/")
	return s
}

// The role that docs/remote.md asks for is enough, and no more.
func TestLeastPrivilege(t *testing.T) {
	s := authServer(t)
	client := userClient(t, "user", "pw", s.Addr())
	store := etcd.New(client, client, etcd.Silence(silence))
	root := rootClient(t, s.Addr())
	put(t, root, "q", "secret")
	r := follow(t, store, remote.Prefix("p/"))
	for _, key := range []string{"p/", "p/1"} {
		rev, err := store.Put(patient(t), key, []byte("x"), remote.At(0))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Delete(patient(t), key, remote.At(rev)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, root, "p/2", "from root")
	r.agrees(root)
	for _, scope := range []remote.Scope{remote.Prefix(""), remote.Prefix("p"), remote.Key("q")} {
		follow(t, store, scope).refused(errPermission)
	}
	if _, err := store.Put(patient(t), "q", nil, remote.Condition{}); !errors.Is(err, errPermission) || !errors.Is(err, remote.ErrRefused) || errors.Is(err, remote.ErrUnknownOutcome) {
		t.Errorf("writing without permission: %v", err)
	}
}

// Tokens live for a second here; watch, reads and writes outlive them.
func TestTokenExpiry(t *testing.T) {
	s := authServer(t)
	p := proxied(t, s.Addr())
	client := userClient(t, "user", "pw", p.Addr())
	store := etcd.New(client, client, etcd.Silence(silence))
	root := rootClient(t, s.Addr())
	r := follow(t, store, remote.Prefix("p/"))
	r.until("the state", func() bool { return r.fulls == 1 })
	time.Sleep(2 * time.Second) // Tokens end by the clock.
	if _, err := store.Put(patient(t), "p/1", []byte("x"), remote.Condition{}); err != nil {
		t.Fatal(err)
	}
	r.agrees(root)
	p.Cut() // The next watch begins with an expired token.
	r.until("a broken connection", func() bool { return r.broken != nil })
	time.Sleep(2 * time.Second)
	put(t, root, "p/1", "y")
	p.Heal()
	r.agrees(root)
}

func TestWrongPassword(t *testing.T) {
	s := authServer(t)
	cfg := etcd.ClientConfig(s.Addr())
	cfg.Username, cfg.Password = "user", "wrong"
	if c, err := clientv3.New(cfg); err == nil {
		_ = c.Close()
		t.Fatal("a client with a wrong password")
	}
	// One that had the right password once, and one that has none.
	client := userClient(t, "user", "pw", s.Addr())
	if _, err := rootClient(t, s.Addr()).UserChangePassword(patient(t), "user", "other"); err != nil {
		t.Fatal(err)
	}
	follow(t, etcd.New(client, client, etcd.Silence(silence)), remote.Prefix("p/")).refused(rpctypes.ErrAuthFailed)
	none := dial(t, s.Addr())
	follow(t, etcd.New(none, none, etcd.Silence(silence)), remote.Prefix("p/")).refused(rpctypes.ErrUserEmpty)
}

// grant gives the user permission for the keys from key to end, or for key if end is empty.
func grant(t *testing.T, root *clientv3.Client, key, end string) {
	t.Helper()
	if _, err := root.RoleGrantPermission(patient(t), "role", key, end, clientv3.PermissionType(clientv3.PermReadWrite)); err != nil {
		t.Fatal(err)
	}
}

// revoke takes the permission that grant has given.
func revoke(t *testing.T, root *clientv3.Client, key, end string) {
	t.Helper()
	if _, err := root.RoleRevokePermission(patient(t), "role", key, end); err != nil {
		t.Fatal(err)
	}
}

// TestPermissionIsGrantedAgain takes the permission for a while: all of it, or all but the key that was
// written last. With a cut, the next watch is refused; without one, an audit must notice.
func TestPermissionIsGrantedAgain(t *testing.T) {
	s := authServer(t)
	root := rootClient(t, s.Addr())
	end := clientv3.GetPrefixRangeEnd("p/")
	for _, narrowed := range []bool{false, true} {
		for _, cut := range []bool{false, true} {
			t.Run(fmt.Sprintf("narrowed=%t,cut=%t", narrowed, cut), func(t *testing.T) {
				p := proxied(t, s.Addr())
				client := userClient(t, "user", "pw", p.Addr())
				put(t, root, "p/last", "1")
				r := follow(t, etcd.New(client, client, etcd.Silence(silence)), remote.Prefix("p/"))
				r.agrees(root)
				put(t, root, "p/last", "2") // It arrives by the watch, so the watch is open.
				r.agrees(root)
				if narrowed {
					grant(t, root, "p/last", "")
					defer revoke(t, root, "p/last", "")
				}
				revoke(t, root, "p/", end)
				if cut {
					p.Cut()
					r.until("a broken connection", func() bool { return r.broken != nil })
					p.Heal()
				}
				r.refused(errPermission)
				put(t, root, "p/other", "2")
				grant(t, root, "p/", end)
				r.agrees(root)
				if r.count(func() int { return r.fulls }) != 1 {
					t.Errorf("%d whole states, though nothing was lost", r.fulls)
				}
			})
		}
	}
}

func TestClosedClient(t *testing.T) {
	b := newBench(t)
	client := dial(t, b.server.Addr())
	r := follow(t, etcd.New(client, client, etcd.Silence(silence)), remote.Prefix(""))
	r.until("the state", func() bool { return r.fulls == 1 })
	_ = client.Close()
	r.ends(errAny)
}

func TestClosedClientUnderANamespace(t *testing.T) {
	b := newBench(t)
	client := dial(t, b.server.Addr())
	store := etcd.New(namespace.NewKV(client, "ns/"), namespace.NewWatcher(client, "ns/"), etcd.Silence(silence))
	r := follow(t, store, remote.Prefix(""))
	r.until("the state", func() bool { return r.fulls == 1 })
	_ = client.Close()
	r.ends(errAny)
}
