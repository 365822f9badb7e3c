package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

func TestWriteConditions(t *testing.T) {
	b := newBench(t)
	ctx := patient(t)
	rev, err := b.store.Put(ctx, "k", []byte("1"), remote.At(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{0, rev - 1, rev + 1, -1} {
		if _, err := b.store.Put(ctx, "k", []byte("2"), remote.At(at)); !errors.Is(err, remote.ErrConflict) {
			t.Errorf("Put at %d: %v", at, err)
		}
		if _, err := b.store.Delete(ctx, "k", remote.At(at)); !errors.Is(err, remote.ErrConflict) {
			t.Errorf("Delete at %d: %v", at, err)
		}
	}
	next, err := b.store.Put(ctx, "k", nil, remote.At(rev))
	if err != nil || next != rev+1 {
		t.Fatalf("Put at %d: %d, %v", rev, next, err)
	}
	gone, err := b.store.Delete(ctx, "k", remote.At(next))
	if err != nil || gone != next+1 {
		t.Fatalf("Delete at %d: %d, %v", next, gone, err)
	}
	for _, cond := range []remote.Condition{{}, remote.At(0)} {
		if rev, err := b.store.Delete(ctx, "k", cond); err != nil || rev != gone {
			t.Errorf("Delete of nothing: %d, %v, want %d", rev, err, gone)
		}
	}
}

// What cannot be written fails at once and writes nothing.
func TestBadWrites(t *testing.T) {
	b := newBench(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		what string
		ctx  context.Context
		key  string
		size int
		want error
	}{
		{"an empty key", t.Context(), "", 1, remote.ErrKey},
		{"a value over the server's limit", t.Context(), "k", 1_700_000, remote.ErrBadValue},
		{"a value over gRPC's limit in the client", t.Context(), "k", 3_000_000, remote.ErrBadValue},
		{"an ended context", ended, "k", 1, context.Canceled},
	} {
		_, err := b.store.Put(c.ctx, c.key, make([]byte, c.size), remote.Condition{})
		if !errors.Is(err, c.want) || errors.Is(err, remote.ErrUnknownOutcome) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
	if _, err := b.store.Delete(t.Context(), "", remote.Condition{}); !errors.Is(err, remote.ErrKey) {
		t.Errorf("Delete of an empty key: %v", err)
	}
	if c := contents(t, b.direct, remote.Prefix("")); len(c) != 0 {
		t.Errorf("something was written: %v", c)
	}
	if _, err := clientv3.New(etcd.ClientConfig()); !errors.Is(err, clientv3.ErrNoAvailableEndpoints) {
		t.Errorf("a client without endpoints: %v", err)
	}
}

// The request is on its way when the context ends, and arrives later: once.
func TestUnknownOutcomeIsNotRepeated(t *testing.T) {
	b := newBench(t)
	put(t, b.client, "k", "before") // There is a connection.
	b.proxy.Hold()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := b.store.Put(ctx, "k", []byte("late"), remote.Condition{})
	if !errors.Is(err, remote.ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Put on a held connection: %v", err)
	}
	b.proxy.Heal()
	put(t, b.client, "after", "") // What was sent before has arrived by now.
	r, err := b.direct.Get(patient(t), "k")
	if err != nil || r.Kvs[0].Version > 2 {
		t.Fatalf("written %d times, %v", r.Kvs[0].Version, err)
	}
}

// The first write after a cut finds a connection that is gone. The client sends it, or knows that
// already.
func TestFirstWriteAfterACut(t *testing.T) {
	b := newBench(t)
	put(t, b.client, "k", "before")
	b.proxy.Cut()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := b.store.Put(ctx, "k", []byte("x"), remote.Condition{})
	if err == nil {
		t.Error("Put without a connection succeeds")
	}
	if got := contents(t, b.direct, remote.Key("k"))["k"]; !errors.Is(err, remote.ErrUnknownOutcome) && !strings.HasPrefix(got, "before@") {
		t.Errorf("Put returns %v, and the store has %q", err, got)
	}
	b.proxy.Heal()
	rev, err := b.store.Put(patient(t), "k", []byte("y"), remote.Condition{})
	for errors.Is(err, remote.ErrUnknownOutcome) {
		rev, err = b.store.Put(patient(t), "k", []byte("y"), remote.Condition{})
	}
	if err != nil || contents(t, b.direct, remote.Key("k"))["k"] == "" {
		t.Errorf("Put after a cut: %d, %v", rev, err)
	}
}

func TestNamespace(t *testing.T) {
	b := newBench(t)
	store := etcd.New(namespace.NewKV(b.client, "ns/"), namespace.NewWatcher(b.client, "ns/"), etcd.Silence(silence), etcd.PageSize(3))
	fill(t, b.direct, "ns/p/", 10)
	fill(t, b.direct, "p/", 5)
	all, some := follow(t, store, remote.Prefix("")), follow(t, store, remote.Prefix("p/"))
	rev, err := store.Put(patient(t), "p/new", []byte("x"), remote.At(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Delete(patient(t), "p/00003", remote.Condition{}); err != nil {
		t.Fatal(err)
	}
	inside := namespace.NewKV(b.direct, "ns/")
	all.agrees(inside)
	some.agrees(inside)
	b.proxy.Cut()
	put(t, b.direct, "ns/p/00004", "new")
	b.proxy.Heal()
	all.agrees(inside)
	some.agrees(inside)
	if !strings.HasPrefix(contents(t, b.direct, remote.Prefix("ns/"))["ns/p/new"], "x@") {
		t.Errorf("revision %d is not in the namespace", rev)
	}
}

// A key under a lease goes when the lease does.
func TestLease(t *testing.T) {
	b := newBench(t)
	lease, err := b.direct.Grant(patient(t), 60)
	if err != nil {
		t.Fatal(err)
	}
	r := follow(t, b.store, remote.Prefix(""))
	leased := etcd.New(b.client, b.client, etcd.Lease(lease.ID))
	for _, cond := range []remote.Condition{{}, remote.At(0)} {
		if _, err := leased.Put(patient(t), "here", []byte("I am"), cond); err != nil {
			t.Fatal(err)
		}
		r.until("the key", func() bool { return len(r.table) == 1 })
		if _, err := leased.Delete(patient(t), "here", remote.Condition{}); err != nil {
			t.Fatal(err)
		}
		r.until("no key", func() bool { return len(r.table) == 0 })
	}
	if _, err := leased.Put(patient(t), "here", []byte("I am"), remote.Condition{}); err != nil {
		t.Fatal(err)
	}
	r.until("the key", func() bool { return len(r.table) == 1 })
	if _, err := b.direct.Revoke(patient(t), lease.ID); err != nil {
		t.Fatal(err)
	}
	r.until("no key", func() bool { return len(r.table) == 0 })
}

// TestFullDatabase writes until the quota of the server is reached. Each error must be true.
func TestFullDatabase(t *testing.T) {
	s := start(t, etcdtest.Config{Edit: func(c *embed.Config) { c.QuotaBackendBytes = 1 << 20 }})
	client := dial(t, s.Addr())
	store := etcd.New(client, client)
	big := []byte(strings.Repeat("x", 100_000))
	unknown, done := 0, 0
	// The server counts what it has committed, ten times a second: some writes pass the
	// quota before it is noticed.
	for i := 0; i < 2000 && unknown < 3; i++ {
		key := fmt.Sprint("k", i)
		_, err := store.Put(patient(t), key, big, remote.Condition{})
		r, gerr := client.Get(patient(t), key)
		if gerr != nil {
			t.Fatal(gerr)
		}
		switch {
		case errors.Is(err, remote.ErrUnknownOutcome):
			unknown += 1
			done += len(r.Kvs)
			if !errors.Is(err, rpctypes.ErrNoSpace) {
				t.Errorf("Put returns %v", err)
			}
		case (err == nil) != (len(r.Kvs) == 1):
			t.Errorf("Put returns %v; %d keys were written", err, len(r.Kvs))
		}
	}
	if unknown == 0 {
		t.Error("the quota was not reached")
	}
	t.Logf("%d writes of unknown outcome, %d of them done", unknown, done)
}
