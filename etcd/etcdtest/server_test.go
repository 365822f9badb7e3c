package etcdtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/etcd/etcdtest"
)

// dial returns a client that is closed when the test ends.
func dial(t *testing.T, addrs ...string) *clientv3.Client {
	t.Helper()
	c, err := etcdtest.Dial(addrs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func start(t *testing.T, cfg etcdtest.Config) *etcdtest.Server {
	t.Helper()
	s, err := etcdtest.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// patient is a context for what ought to happen: only what is broken takes as
// long.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func put(t *testing.T, c *clientv3.Client, key, val string) int64 {
	t.Helper()
	r, err := c.Put(patient(t), key, val)
	if err != nil {
		t.Fatal(err)
	}
	return r.Header.Revision
}

func TestServerKeepsItsData(t *testing.T) {
	dir := t.TempDir()
	s := start(t, etcdtest.Config{Dir: dir})
	put(t, dial(t, s.Addr()), "key", "value")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, etcdtest.Config{Dir: dir})
	r, err := dial(t, s.Addr()).Get(patient(t), "key")
	if err != nil || len(r.Kvs) != 1 || string(r.Kvs[0].Value) != "value" {
		t.Fatalf("after a restart there is %v, %v", r, err)
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := etcdtest.Start(ctx, etcdtest.Config{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("Start returns %v", err)
	}
}
