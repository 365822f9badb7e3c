package integration

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
	"github.com/eventvalue/event/remote"
)

// A watch in the future would get no answers to progress requests, and seem broken.
func TestQuietIsNotBroken(t *testing.T) {
	b := newBench(t)
	put(t, b.direct, "k", "1")
	r := follow(t, b.store, remote.Prefix(""))
	r.agrees(b.direct)
	time.Sleep(5 * silence) // That nothing happens takes time.
	put(t, b.direct, "k", "2")
	r.agrees(b.direct)
	if r.breaks != 0 || r.fulls != 1 {
		t.Errorf("%d breaks and %d whole states of a connection that is good", r.breaks, r.fulls)
	}
}

func TestProgressOfOthersIsTold(t *testing.T) {
	b := newBench(t)
	r := follow(t, b.store, remote.Prefix("mine/"))
	rev := put(t, b.direct, "others/", "x")
	r.until("the revision of what is out of scope", func() bool { return r.revision >= rev })
}

func TestGoesOnAfterACut(t *testing.T) {
	b := newBench(t)
	fill(t, b.direct, "", 10)
	r := follow(t, b.store, remote.Prefix(""))
	r.agrees(b.direct)
	b.proxy.Cut()
	r.until("a broken connection", func() bool { return r.broken != nil })
	put(t, b.direct, "00001", "new")
	del(t, b.direct, "00002")
	b.proxy.Heal()
	r.agrees(b.direct)
	if r.fulls != 1 {
		t.Errorf("%d whole states, though nothing was compacted", r.fulls)
	}
}

func TestCompactionDuringACut(t *testing.T) {
	b := newBench(t)
	fill(t, b.direct, "", 10)
	r := follow(t, b.store, remote.Prefix(""))
	r.agrees(b.direct)
	b.proxy.Cut()
	put(t, b.direct, "00001", "new")
	del(t, b.direct, "00002")
	compact(t, b.direct)
	b.proxy.Heal()
	r.agrees(b.direct)
	if r.fulls != 2 || r.resets != 0 {
		t.Errorf("%d whole states and %d resets, want 2 and none", r.fulls, r.resets)
	}
}

// Only a watchdog finds these: nothing is closed, and the client sends no keep-alives.
func TestHalfOpenConnections(t *testing.T) {
	b := newBench(t)
	other := proxied(t, b.server.Addr())
	cfg := etcd.ClientConfig(b.proxy.Addr(), other.Addr())
	cfg.DialKeepAliveTime, cfg.DialKeepAliveTimeout = 0, 0
	client := dialWith(t, cfg)
	r := follow(t, etcd.New(client, client, etcd.Silence(silence)), remote.Prefix(""))
	r.agrees(b.direct)
	for i := range 4 {
		p := []*etcdtest.Proxy{b.proxy, other}[i%2]
		p.Hold()
		put(t, b.direct, "k", fmt.Sprint(i))
		r.agrees(b.direct)
		p.Heal()
	}
	if r.count(func() int { return r.breaks }) == 0 {
		t.Error("the connection was never called broken, though each was")
	}
}

// backup copies the data of a server that has been closed.
func backup(t *testing.T, dir string) (copied string) {
	t.Helper()
	copied = t.TempDir()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel, rerr := filepath.Rel(dir, path)
		if err != nil || rerr != nil {
			return errors.Join(err, rerr)
		}
		to := filepath.Join(copied, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

// restored follows a server that is replaced by one with an older backup, on which
// more is written before it can be reached again.
func restored(t *testing.T, more int) {
	dir := t.TempDir()
	s := start(t, etcdtest.Config{Dir: dir})
	direct := dial(t, s.Addr())
	put(t, direct, "kept", "old")
	put(t, direct, "deleted later", "old")
	_ = direct.Close() // Else the server waits for it.
	_ = s.Close()
	old := backup(t, dir)

	s = start(t, etcdtest.Config{Dir: dir})
	direct = dial(t, s.Addr())
	p := proxied(t, s.Addr())
	client := dial(t, p.Addr())
	r := follow(t, etcd.New(client, client, etcd.Silence(silence)), remote.Prefix(""))
	put(t, direct, "kept", "new")
	put(t, direct, "lost", "new")
	del(t, direct, "deleted later")
	r.agrees(direct)
	p.Cut()
	_ = direct.Close()
	_ = s.Close()
	r.until("a broken connection", func() bool { return r.broken != nil })

	s = start(t, etcdtest.Config{Dir: old})
	direct = dial(t, s.Addr())
	for i := range more {
		put(t, direct, "more", fmt.Sprint(i))
	}
	p.Retarget(s.Addr())
	p.Heal()
	r.agrees(direct)
	if r.resets != 1 {
		t.Errorf("%d resets were declared, want 1", r.resets)
	}
}

func TestRestoredBackup(t *testing.T) { restored(t, 0) }

// The revision is past the one that was known, and nothing seems to have gone back.
func TestRestoredBackupThatWentOn(t *testing.T) { restored(t, 50) }

// An audit finds what no broken connection gave occasion to look for.
func TestAuditFindsARevokedPermission(t *testing.T) {
	s := authServer(t)
	client := userClient(t, "user", "pw", s.Addr())
	r := follow(t, etcd.New(client, client, etcd.Silence(60*time.Millisecond)), remote.Prefix("p/"))
	r.until("the state", func() bool { return r.fulls == 1 })
	root := rootClient(t, s.Addr())
	if _, err := root.RoleRevokePermission(patient(t), "role", "p/", clientv3.GetPrefixRangeEnd("p/")); err != nil {
		t.Fatal(err)
	}
	r.ends(errPermission)
}
