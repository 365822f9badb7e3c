package integration

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/namespace"
	"google.golang.org/grpc"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// shortWatches is the number of watches that the tests of short watches open.
const shortWatches = 300

// checkNoStreams fails the test if a client has a watch stream.
func checkNoStreams(t *testing.T) {
	t.Helper()
	if left := leftovers(watchStreams); left != "" {
		t.Fatal("watch streams are left:\n" + left)
	}
}

// bothWays runs test with a client, and with its wrappers of package namespace.
func bothWays(t *testing.T, test func(t *testing.T, b *bench, kv clientv3.KV, w clientv3.Watcher)) {
	t.Run("client", func(t *testing.T) {
		b := newBench(t)
		test(t, b, b.client, b.client)
	})
	t.Run("namespace", func(t *testing.T) {
		b := newBench(t)
		test(t, b, namespace.NewKV(b.client, "ns/"), namespace.NewWatcher(b.client, "ns/"))
	})
}

// TestShortWatches closes watches at all stages of their opening.
func TestShortWatches(t *testing.T) {
	bothWays(t, func(t *testing.T, b *bench, kv clientv3.KV, w clientv3.Watcher) {
		v := remote.NewValue(etcd.New(kv, w, etcd.Silence(silence)), "k", remote.String())
		defer v.Close()
		for range shortWatches {
			w := v.Watch()
			if _, err := w.Get(patient(t)); err != nil {
				t.Fatal(err)
			}
			_ = w.Close()
		}
		checkNoStreams(t)
		for range shortWatches {
			_ = v.Watch().Close()
		}
		checkNoStreams(t)
	})
}

func TestSyncWithoutWatchers(t *testing.T) {
	bothWays(t, func(t *testing.T, b *bench, kv clientv3.KV, w clientv3.Watcher) {
		v := remote.NewValue(etcd.New(kv, w, etcd.Silence(silence)), "k", remote.String())
		defer v.Close()
		for i := range shortWatches {
			revision, err := v.Set(patient(t), fmt.Sprint(i))
			if err != nil {
				t.Fatal(err)
			}
			if err := v.Sync(patient(t), revision); err != nil {
				t.Fatal(err)
			}
		}
		checkNoStreams(t)
	})
}

// TestWatchesEndWhileCut closes watches while the connection is cut or held. Their streams end
// when it is back.
func TestWatchesEndWhileCut(t *testing.T) {
	bothWays(t, func(t *testing.T, b *bench, kv clientv3.KV, w clientv3.Watcher) {
		store := etcd.New(kv, w, etcd.Silence(silence))
		for i := range 8 {
			v := remote.NewValue(store, "k", remote.String())
			w := v.Watch()
			if i%2 == 0 {
				_, _ = w.Get(patient(t))
			}
			if i%4 < 2 {
				b.proxy.Cut()
			} else {
				b.proxy.Hold()
			}
			broken := func(s remote.Status) bool { return s.State == remote.Broken }
			if _, err := event.Wait(patient(t), v.Status(), broken); err != nil {
				t.Fatal(err)
			}
			_ = w.Close()
			b.proxy.Heal()
		}
		checkNoStreams(t)
	})
}

// A cuttingWatcher is a wrapper of a client's watcher. It cuts the connection after
// the server has confirmed a watch that ends a stream, until the watch has ended.
type cuttingWatcher struct {
	clientv3.Watcher
	t     *testing.T
	b     *bench
	count *streamCounter // of the client
	cuts  atomic.Int64   // the number of watches that are left to cut
}

func (w *cuttingWatcher) Watch(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	ch := w.Watcher.Watch(ctx, key, opts...)
	if op := clientv3.OpGet(key, opts...); op.Rev() != 0 || op.IsProgressNotify() || w.cuts.Load() == 0 {
		return ch
	}
	w.cuts.Add(-1)
	begun, _ := w.count.begun.Load()
	w.b.proxy.Cut()
	again := func(n int) bool { return n > begun } // The client opens the stream again.
	if _, err := event.Wait(patient(w.t), &w.count.begun, again); err != nil {
		w.t.Error(err)
	}
	ended := make(chan clientv3.WatchResponse)
	go func() {
		defer close(ended)
		defer w.b.proxy.Heal()
		for range ch {
		}
	}()
	return ended
}

// TestStreamEndsThoughItIsCut cuts the connection while a watch ends the stream of a
// wrapper, and while the next ones do.
func TestStreamEndsThoughItIsCut(t *testing.T) {
	b := newBench(t)
	count := new(streamCounter)
	cfg := etcd.ClientConfig(b.proxy.Addr())
	cfg.DialOptions = append(cfg.DialOptions, grpc.WithStatsHandler(count))
	client := dialWith(t, cfg)
	w := &cuttingWatcher{Watcher: client, t: t, b: b, count: count}
	w.cuts.Store(3)
	// No tick comes in the test, so the Follow has one stream.
	r := follow(t, etcd.New(client, w, etcd.Silence(patience)), remote.Prefix(""))
	r.until("the watch", func() bool { return r.fulls > 0 && r.broken == nil })
	r.close()
	checkNoStreams(t)
	if n := w.cuts.Load(); n != 0 {
		t.Errorf("%d cuts are left", n)
	}
}

// TestWatchesThatFailLeaveNothing ends watches by an error of the server.
func TestWatchesThatFailLeaveNothing(t *testing.T) {
	bothWays(t, func(t *testing.T, b *bench, kv clientv3.KV, w clientv3.Watcher) {
		store := etcd.New(kv, w, etcd.Silence(silence))
		last := put(t, b.direct, "ns/k", "1")
		for range 20 {
			ctx, cancel := context.WithCancel(patient(t))
			r := remote.NewRange(store, "", remote.String())
			if err := r.Sync(ctx, last); err != nil {
				t.Fatal(err)
			}
			watcher := r.Watch()
			if _, err := watcher.Get(ctx); err != nil {
				t.Fatal(err)
			}
			last = put(t, b.direct, "ns/k", "2")
			compact(t, b.direct)
			b.proxy.Cut()
			b.proxy.Heal()
			cancel()
			if _, err := watcher.Get(ctx); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			_ = watcher.Close()
		}
		checkNoStreams(t)
	})
}
