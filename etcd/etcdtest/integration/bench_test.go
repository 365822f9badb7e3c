package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
	"github.com/eventvalue/event/remote"
)

// defaultTick is etcd's, for what is compared with others.
const defaultTick = 100 * time.Millisecond

// A field is a server in a process of its own, and a client without a proxy.
type field struct {
	client *clientv3.Client
	store  *etcd.Store
	pid    int // of the server
}

func newField(b *testing.B) field {
	c, err := etcdtest.StartCluster(patient(b), etcdtest.ClusterConfig{Members: 1, Tick: defaultTick})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	client := dial(b, c.Members[0].Listens())
	return field{client, etcd.New(client, client), c.Members[0].Pid()}
}

// A way is how many follow one key, each on a goroutine of its own: got is called with each
// value that one of them sees.
type way struct {
	name   string
	follow func(ctx context.Context, f field, watchers int, got func(val string)) (ready func() error)
}

// ways are a remote.Value, and a watch of the client for each.
var ways = []way{{"event", followValue}, {"naive", followNaively}}

func followValue(ctx context.Context, f field, watchers int, got func(string)) func() error {
	v := remote.NewValue(f.store, "key", remote.String())
	for range watchers {
		w := v.Watch()
		go func() {
			defer w.Close()
			for {
				e, err := w.Get(ctx)
				if err != nil {
					return
				}
				got(e.Value)
			}
		}()
	}
	return func() error { return v.Sync(ctx, 1) }
}

func followNaively(ctx context.Context, f field, watchers int, got func(string)) func() error {
	for range watchers {
		ch := f.client.Watch(ctx, "key")
		go func() {
			for r := range ch {
				if n := len(r.Events); n > 0 {
					got(string(r.Events[n-1].Kv.Value))
				}
			}
		}()
	}
	return func() error { return nil }
}

// rounds is how many Sets are one operation of a benchmark.
const rounds = 300

// BenchmarkSetToGet measures from just before a Set to the return of the Get that has its
// value, for each watcher; the next Set comes when all have it.
func BenchmarkSetToGet(b *testing.B) {
	for _, watchers := range []int{1, 1000} {
		for _, w := range ways {
			b.Run(fmt.Sprintf("rival=%s/watchers=%d", w.name, watchers), func(b *testing.B) { setToGet(b, w, watchers) })
		}
	}
}

func setToGet(b *testing.B, w way, watchers int) {
	f := newField(b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var (
		mu    sync.Mutex
		start time.Time
		want  string
		took  []time.Duration
		left  int
		all   = make(chan struct{})
	)
	ready := w.follow(ctx, f, watchers, func(val string) {
		now := time.Now()
		mu.Lock()
		defer mu.Unlock()
		if val != want || left == 0 {
			return
		}
		took = append(took, now.Sub(start))
		if left--; left == 0 {
			all <- struct{}{}
		}
	})
	if err := ready(); err != nil {
		b.Fatal(err)
	}
	for n := range rounds * b.N {
		mu.Lock()
		want, left, start = fmt.Sprint(n), watchers, time.Now()
		mu.Unlock()
		put(b, f.client, "key", fmt.Sprint(n))
		select {
		case <-all:
		case <-time.After(patience):
			b.Fatal("not all have got it")
		}
	}
	report(b, took)
}

// report reports percentiles, and nothing else.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(took[(len(took)-1)*p/100].Nanoseconds()), fmt.Sprintf("p%d-ns", p))
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSets measures how many values 16 setters write in a second, while one watches.
func BenchmarkSets(b *testing.B) {
	f := newField(b)
	v := remote.NewValue(f.store, "key", remote.String())
	followed := make(chan error, 1)
	go func() { followed <- followUntil(v, "the end") }()
	const setters = 16
	work := make(chan struct{})
	var done sync.WaitGroup
	failed := make(chan error, setters)
	for range setters {
		done.Go(func() {
			for range work {
				if _, err := v.Set(context.Background(), "value"); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	sets := 10 * rounds * b.N
	b.ResetTimer()
	for range sets {
		select {
		case work <- struct{}{}:
		case err := <-failed:
			b.Fatal(err)
		}
	}
	close(work)
	done.Wait()
	b.StopTimer()
	if _, err := v.Set(context.Background(), "the end"); err != nil {
		b.Fatal(err)
	}
	select {
	case err := <-followed:
		if err != nil {
			b.Fatal(err)
		}
	case <-time.After(patience):
		b.Fatal("the last has not come")
	}
	b.ReportMetric(float64(sets)/b.Elapsed().Seconds(), "sets/s")
	b.ReportMetric(0, "ns/op")
}

// followUntil returns when last comes, and an error if that comes first.
func followUntil(v *remote.Value[string], last string) error {
	w := v.Watch()
	defer w.Close()
	for n := 0; ; n++ {
		switch e, err := w.Get(context.Background()); {
		case err != nil:
			return err
		case e.Value == last && n == 0:
			return errors.New("nothing came before the last value")
		case e.Value == last:
			return nil
		}
	}
}

// BenchmarkIdleReaders measures what 1,000 watchers that do not read keep of 1,000 values of 1 kB:
// a round is all of these. The server is in another process.
func BenchmarkIdleReaders(b *testing.B) {
	const watchers, values = 1000, 1000
	for _, w := range ways {
		b.Run("rival="+w.name, func(b *testing.B) {
			var kept int64
			for range b.N {
				kept += idleReaders(b, w.name, watchers, values)
			}
			b.ReportMetric(float64(kept)/float64(b.N), "kept-B")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func idleReaders(b *testing.B, name string, watchers, values int) int64 {
	f := newField(b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	before := heap()
	v := remote.NewValue(f.store, "key", remote.String())
	defer v.Close()
	for range watchers {
		if name == "naive" {
			f.client.Watch(ctx, "key")
			continue
		}
		w := v.Watch()
		defer w.Close()
	}
	val := strings.Repeat("x", 1000)
	var last int64
	for range values {
		last = put(b, f.client, "key", val)
	}
	// One that reads tells when all has come this far: of the client's watches, the last one gets it last.
	if name == "naive" {
		one := f.client.Watch(ctx, "key", clientv3.WithRev(last))
		<-one
	} else if err := v.Sync(ctx, last); err != nil {
		b.Fatal(err)
	}
	return heap() - before
}

// BenchmarkKilledLeader measures from the kill of the leader of three members, at etcd's default
// ticks, to the return of the Get that has a value that was set after it.
func BenchmarkKilledLeader(b *testing.B) {
	c, err := etcdtest.StartCluster(patient(b), etcdtest.ClusterConfig{Tick: defaultTick})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	client := dialWith(b, etcd.ClientConfig(c.Addrs()...))
	v := remote.NewValue(etcd.New(client, client), "key", remote.String())
	w := v.Watch() // It follows all the time.
	defer w.Close()
	var took []time.Duration
	for n := range b.N {
		took = append(took, killLeader(b, c, v, fmt.Sprint(n)))
	}
	report(b, took)
}

func killLeader(b *testing.B, c *etcdtest.Cluster, v *remote.Value[string], val string) time.Duration {
	leader, err := c.Leader(patient(b))
	if err != nil {
		b.Fatal(err)
	}
	w := v.Watch()
	defer w.Close()
	start := time.Now()
	leader.Kill()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		_, err := v.Set(ctx, val)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, remote.ErrUnknownOutcome) {
			b.Fatal(err)
		}
	}
	for ctx := patient(b); ; {
		e, err := w.Get(ctx)
		if err != nil {
			b.Fatal(err)
		}
		if e.Value == val {
			break
		}
	}
	took := time.Since(start)
	if err := leader.Start(patient(b)); err != nil {
		b.Fatal(err)
	}
	if err := c.Settled(patient(b)); err != nil {
		b.Fatal(err)
	}
	return took
}
