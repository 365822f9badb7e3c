package integration

import (
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// overhead is what may pass besides the values: answers, acknowledgements and what a stream still
// sends when it has ended.
const overhead = 600_000

// bothConfigs runs test with a client of [etcd.ClientConfig], which counts bytes, and with one of
// etcd's own configuration. factor is how many times as much as a plain watch the store may send.
func bothConfigs(t *testing.T, test func(t *testing.T, b *bench, store *etcd.Store, factor int64)) {
	t.Run("ClientConfig", func(t *testing.T) {
		b := newBench(t)
		test(t, b, b.store, 1)
	})
	t.Run("plain", func(t *testing.T) {
		b := newBench(t)
		client := dialWith(t, clientv3.Config{Endpoints: []string{b.proxy.Addr()}, Logger: zap.NewNop()})
		test(t, b, etcd.New(client, client, etcd.Silence(silence)), 3)
	})
}

// checkSent fails the test if more has passed since from than times size.
func checkSent(t *testing.T, b *bench, from, times, size int64) {
	t.Helper()
	if sent := b.proxy.Sent() - from; sent > times*size+overhead {
		t.Errorf("%d bytes were sent for %d", sent, size)
	}
}

// TestLargeValueOnASlowLine takes two seconds for one response, seven times Silence. A value is one
// message, and must arrive within 15 times Silence even if the machine is busy: else it is sent again.
func TestLargeValueOnASlowLine(t *testing.T) {
	bothConfigs(t, func(t *testing.T, b *bench, store *etcd.Store, factor int64) {
		put(t, b.direct, "k", "small")
		v := remote.NewValue(store, "k", remote.String())
		defer v.Close()
		w := v.Watch()
		defer w.Close()
		if _, err := w.Get(patient(t)); err != nil {
			t.Fatal(err)
		}
		b.proxy.Limit(600_000)
		from := b.proxy.Sent()
		const size = 1_200_000
		put(t, b.direct, "k", strings.Repeat("x", size))
		e, err := w.Get(patient(t))
		if err != nil || len(e.Value) != size {
			t.Fatalf("Get returns %d bytes, %v", len(e.Value), err)
		}
		checkSent(t, b, from, factor, size)
	})
}

// TestFirstStateOnASlowLine reads values of which a page of keys takes long.
func TestFirstStateOnASlowLine(t *testing.T) {
	bothConfigs(t, func(t *testing.T, b *bench, store *etcd.Store, factor int64) {
		const keys, size = 40, 100_000
		for i := range keys {
			put(t, b.direct, "r/"+string(rune('A'+i)), strings.Repeat("x", size))
		}
		b.proxy.Limit(1_000_000)
		r := remote.NewRange(store, "r/", remote.String())
		defer r.Close()
		from := b.proxy.Sent()
		if err := r.Sync(patient(t), 0); err != nil {
			t.Fatal(err)
		}
		checkSent(t, b, from, factor, keys*size)
	})
}

// TestHistoryOnASlowLine writes one key often while the line is cut. The history, which arrives as one
// response in several messages, is much larger than the state. It takes six seconds, twenty times Silence.
func TestHistoryOnASlowLine(t *testing.T) {
	bothConfigs(t, func(t *testing.T, b *bench, store *etcd.Store, factor int64) {
		put(t, b.direct, "k", "small")
		v := remote.NewValue(store, "k", remote.String())
		defer v.Close()
		w := v.Watch()
		defer w.Close()
		if _, err := w.Get(patient(t)); err != nil {
			t.Fatal(err)
		}
		b.proxy.Cut()
		const writes, size = 120, 50_000
		var last int64
		for range writes {
			last = put(t, b.direct, "k", strings.Repeat("x", size))
		}
		b.proxy.Limit(1_000_000)
		from := b.proxy.Sent()
		b.proxy.Heal()
		newest := func(e remote.Entry[string]) bool { return e.Revision == last }
		if _, err := w.Get(patient(t), event.Filter(newest)); err != nil {
			t.Fatal(err)
		}
		checkSent(t, b, from, factor, writes*size)
	})
}

// TestSmallMessages has a client that accepts messages of 1 MB. The first page would be larger.
func TestSmallMessages(t *testing.T) {
	b := newBench(t)
	cfg := etcd.ClientConfig(b.server.Addr())
	cfg.MaxCallRecvMsgSize = 1 << 20
	client := dialWith(t, cfg)
	const keys = 40
	for i := range keys {
		put(t, b.direct, "r/"+string(rune('A'+i)), strings.Repeat("x", 100_000))
	}
	r := follow(t, etcd.New(client, client, etcd.Silence(silence)), remote.Prefix("r/"))
	r.agrees(b.direct)
	if n := r.count(func() int { return r.breaks }); n != 0 {
		t.Errorf("the connection was called broken %d times", n)
	}
}
