package integration

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/eventtest"
	"github.com/eventvalue/event/remote"
)

// TestValue is the contract of package event on a key of a real server, by what the entries
// hold. There are no bubbles around sockets.
func TestValue(t *testing.T) {
	b := newWorld(t, etcd.Silence(time.Minute)) // What asks the server would be counted as garbage.
	n := 0
	eventtest.Run(t, func(t testing.TB) eventtest.Subject {
		n++
		v := remote.NewValue(b.store, fmt.Sprint("key ", n), remote.JSON[*eventtest.Item]())
		w := v.Watch() // Somebody watches all the time: a Value that nobody watches knows no final value.
		t.Cleanup(func() {
			_ = w.Close()
			_ = v.Close()
		})
		return eventtest.Subject{
			Set: func(x *eventtest.Item) {
				if revision, err := v.Set(context.Background(), x); err == nil {
					_ = v.Sync(context.Background(), revision)
				}
			},
			Watch: func() event.Watcher[*eventtest.Item] { return watchPresent(v) },
			Close: v.CloseWithError,
		}
	}, eventtest.Bubble, eventtest.NonBlockingSet, eventtest.NoAllocation, eventtest.NoGoroutine)
}

// A present is a Watcher of values: that there is none is not news to it.
type present struct {
	event.Watcher[remote.Entry[*eventtest.Item]]
}

// watchPresent returns a watcher that has seen the absence if there is no value.
func watchPresent(v *remote.Value[*eventtest.Item]) event.Watcher[*eventtest.Item] {
	w := v.Watch()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, _ = w.Get(ctx, event.Filter(func(e remote.Entry[*eventtest.Item]) bool {
		if e.Present {
			cancel() // Which leaves the entry unseen.
		}
		return !e.Present
	}))
	return present{w}
}

func (p present) Get(ctx context.Context, opts ...event.GetOption[*eventtest.Item]) (*eventtest.Item, error) {
	inner := []event.GetOption[remote.Entry[*eventtest.Item]]{
		event.Filter(func(e remote.Entry[*eventtest.Item]) bool { return e.Present }),
	}
	for _, o := range opts {
		opt := event.GetOption[remote.Entry[*eventtest.Item]]{BacklogOnly: o.BacklogOnly}
		if pred := o.Predicate; pred != nil {
			opt.Predicate = func(e remote.Entry[*eventtest.Item]) bool { return pred(e.Value) }
		}
		inner = append(inner, opt)
	}
	e, err := p.Watcher.Get(ctx, inner...)
	return e.Value, err
}

// A table is what one watcher of a range has been told.
func table(ctx context.Context, w event.Watcher[remote.Entry[string]], until func(map[string]string) bool) (map[string]string, error) {
	got := map[string]string{}
	for !until(got) {
		e, err := w.Get(ctx)
		if err != nil {
			return got, err
		}
		e.Apply(got)
	}
	return got, nil
}

// A range of 10,000 keys, changed while the connection is cut and the history is compacted.
func TestManyKeys(t *testing.T) {
	b := newBench(t)
	const n = 10_000
	fill(t, b.direct, "r/", n)
	r := remote.NewRange(b.store, "r/", remote.String())
	defer r.Close()
	w := r.Watch()
	defer w.Close()
	got, err := table(patient(t), w, func(m map[string]string) bool { return len(m) == n })
	if err != nil {
		t.Fatalf("%d keys: %v", len(got), err)
	}
	b.proxy.Cut()
	for i := 0; i < n; i += 100 {
		del(t, b.direct, fmt.Sprintf("r/%05d", i))
	}
	fill(t, b.direct, "r/x", 50)
	compact(t, b.direct)
	b.proxy.Heal()
	want := map[string]string{}
	for k, v := range contents(t, b.direct, remote.Prefix("r/")) {
		want[k], _, _ = strings.Cut(v, "@")
	}
	ctx := patient(t)
	for !maps.Equal(got, want) {
		e, err := w.Get(ctx)
		if err != nil {
			t.Fatalf("%d keys of %d: %v", len(got), len(want), err)
		}
		e.Apply(got)
	}
}

// Watchers that never call Get cost others nothing, and no memory that grows.
func TestThousandWatchers(t *testing.T) {
	b := newBench(t)
	r := remote.NewRange(b.store, "r/", remote.String())
	defer r.Close()
	const n = 1000
	ctx := patient(t)
	var done sync.WaitGroup
	failed := make(chan error, n)
	for i := range n {
		w := r.Watch()
		defer w.Close()
		if i%2 == 0 {
			continue // It never reads.
		}
		done.Go(func() {
			_, err := table(ctx, w, func(m map[string]string) bool { return m["r/end"] == "end" })
			if err != nil {
				failed <- err
			}
		})
	}
	big := strings.Repeat("x", 10_000)
	before := heap()
	for i := range 1000 { // 10 MB
		put(t, b.direct, "r/big", fmt.Sprint(i, big))
	}
	put(t, b.direct, "r/end", "end")
	done.Wait()
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
	w := r.Watch()
	defer w.Close()
	if _, err := table(ctx, w, func(m map[string]string) bool { return len(m) == 2 }); err != nil {
		t.Fatal(err)
	}
	// The server, which keeps the history, is in this process, too. What the watchers would keep, each
	// of them 10 MB, is far beyond that.
	if grown := heap() - before; grown > 200<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The client keeps what is not taken, without a limit: Follow takes it also when whoever
// asked for it is not reading.
func TestAlwaysDrains(t *testing.T) {
	b := newBench(t)
	counter := &drainCounter{Watcher: b.client}
	r := remote.NewRange(etcd.New(b.client, counter, etcd.Silence(silence)), "r/", remote.String())
	defer r.Close()
	w := r.Watch() // It never reads.
	defer w.Close()
	if err := r.Sync(patient(t), 1); err != nil {
		t.Fatal(err)
	}
	var last int64
	for i := range 300 {
		last = put(t, b.direct, "r/k", fmt.Sprint(i))
	}
	if err := r.Sync(patient(t), last); err != nil {
		t.Fatal(err)
	}
	// While a watch moves to the shared stream, an event arrives twice.
	if n := counter.seen(); n < 300 {
		t.Errorf("%d of 300 events were taken from the client", n)
	}
}

// A drainCounter counts the events that are taken from a client's watches.
type drainCounter struct {
	clientv3.Watcher
	mu     sync.Mutex
	events int
}

func (d *drainCounter) Watch(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	in, out := d.Watcher.Watch(ctx, key, opts...), make(chan clientv3.WatchResponse)
	go func() {
		defer close(out)
		for r := range in {
			select {
			case out <- r:
			case <-ctx.Done():
				return
			}
			d.mu.Lock()
			d.events += len(r.Events)
			d.mu.Unlock()
		}
	}()
	return out
}

func (d *drainCounter) seen() int {
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		d.mu.Lock()
		n := d.events
		d.mu.Unlock()
		if n >= 300 || time.Now().After(deadline) {
			return n
		}
	}
}
