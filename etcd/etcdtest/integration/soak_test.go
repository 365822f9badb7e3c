package integration

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
	"github.com/eventvalue/event/remote"
)

var soakFor = flag.Duration("soak", 2*time.Second, "duration of TestSoak")

// serverStreams is the function that each watch stream of a server runs in.
const serverStreams = "v3rpc.(*serverWatchStream).sendLoop("

// warm is the round after which a long soak takes what is in use as normal. By then the log of the server
// has its full length.
const warm = 5

// A soak is a server in this process, a client by a proxy, and watchers of a range and of a key.
type soak struct {
	t      *testing.T // of the round: what helpers keep until its end must not add up
	b      *bench
	values *remote.Range[string]
	one    *remote.Value[string]
	all    []*follower
	record *recorder
	writes int
	begin  time.Time
}

// TestSoak does all that is hard on a store in random order, for the time of the flag soak. In each round
// it checks that each watcher ends at the newest state. At the end, as many goroutines and streams must
// run as after an early round, and the heap must be as large, of the client and of the server, which is
// in this process.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	var early, late usage
	for round := 1; round <= 2 || time.Since(s.begin) < *soakFor; round++ {
		if !t.Run(fmt.Sprint("round ", round), s.round) {
			return
		}
		late = measure()
		if round == 1 || round == warm {
			early = late
		}
		t.Logf("%7v  round %d: %d writes, %v", time.Since(s.begin).Round(time.Second), round, s.writes, late)
	}
	if late := s.settled(early); !late.flat(early) {
		t.Errorf("after an early round: %v; at the end: %v", early, late)
	}
}

func newSoak(t *testing.T) *soak {
	b := &bench{server: start(t, etcdtest.Config{Edit: func(c *embed.Config) {
		c.SnapshotCount, c.SnapshotCatchUpEntries = 500, 100 // The server keeps few entries of its log.
	}})}
	b.proxy = proxied(t, b.server.Addr())
	b.client, b.direct = dial(t, b.proxy.Addr()), dial(t, b.server.Addr())
	b.store = etcd.New(b.client, b.client, etcd.Silence(silence))
	s := &soak{b: b, begin: time.Now()}
	s.values = remote.NewRange(b.store, "r/", remote.String())
	t.Cleanup(func() { _ = s.values.Close() })
	s.one = remote.NewValue(b.store, "one", remote.String())
	t.Cleanup(func() { _ = s.one.Close() })
	s.all = startFollowers(t, s.values, 5)
	s.record = follow(t, b.store, remote.Prefix("r/"))
	return s
}

// round does everything once, in random order, under a load. Then it heals the connection, and waits
// until each watcher is at the newest state.
func (s *soak) round(t *testing.T) {
	s.t = t
	ctx, stop := context.WithCancel(s.t.Context())
	var load sync.WaitGroup
	writes := make([]int, 3)
	for i := range writes {
		load.Go(func() { writes[i] = s.write(ctx, i) })
	}
	hard := []func(){s.cut, s.lose, s.slow, s.shortWatches, s.massDeletion, s.compact}
	for _, i := range rand.Perm(len(hard)) {
		hard[i]()
	}
	stop()
	load.Wait()
	for _, n := range writes {
		s.writes += n
	}
	put(s.t, s.b.direct, "r/end", fmt.Sprint(s.writes))
	eventually(s.t, s.b.direct, remote.Prefix("r/"), s.record.has)
	for _, f := range s.all {
		eventually(s.t, s.b.direct, remote.Prefix("r/"), f.has)
	}
}

// write writes and deletes some keys by the store until ctx ends. It returns the number of writes. Some
// of them fail, or have an unknown outcome.
func (s *soak) write(ctx context.Context, who int) (n int) {
	for ; ctx.Err() == nil; n++ {
		key := fmt.Sprintf("r/%d/%d", who, n%7)
		one, cancel := context.WithTimeout(ctx, silence)
		var err error
		if n%3 == 0 {
			_, err = s.values.Delete(one, key)
		} else {
			_, err = s.values.Set(one, key, fmt.Sprint(n))
		}
		cancel()
		if errors.Is(err, remote.ErrConflict) || errors.Is(err, remote.ErrBadValue) {
			s.t.Errorf("a write returns %v", err)
		}
		time.Sleep(time.Millisecond) // The load is steady on any machine.
	}
	return n
}

// cut closes the connection, and opens it again at a random moment.
func (s *soak) cut() {
	s.b.proxy.Cut()
	time.Sleep(rand.N(silence))
	s.b.proxy.Heal()
}

// lose holds the connection until a watcher has noticed it.
func (s *soak) lose() {
	s.b.proxy.Hold()
	s.record.until("a broken connection", func() bool { return s.record.broken != nil })
	s.b.proxy.Heal()
}

// slow sends a value that takes about a second.
func (s *soak) slow() {
	const size = 200_000
	s.b.proxy.Limit(size)
	defer s.b.proxy.Limit(0)
	revision := put(s.t, s.b.direct, "r/large", strings.Repeat("x", size))
	if err := s.values.Sync(patient(s.t), revision); err != nil {
		s.t.Error(err)
	}
}

// shortWatches watches a value that nothing else watches, with and without a Get.
func (s *soak) shortWatches() {
	for i := range 40 {
		w := s.one.Watch()
		if i%2 == 0 {
			if _, err := w.Get(patient(s.t)); err != nil {
				s.t.Error(err)
			}
		}
		_ = w.Close()
	}
}

// massDeletion writes many keys and deletes them at once.
func (s *soak) massDeletion() {
	const n = 2000
	fill(s.t, s.b.direct, "r/many/", n)
	delAll(s.t, s.b.direct, "r/many/")
}

func (s *soak) compact() { compact(s.t, s.b.direct) }

// settled waits until as few goroutines run as early, or patience is over, and returns what there is.
func (s *soak) settled(early usage) (late usage) {
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if late = measure(); late.flat(early) || time.Now().After(end) {
			return late
		}
	}
}

// A usage is what client and server use.
type usage struct {
	goroutines, clientStreams, serverStreams int
	heap                                     int64
}

func measure() (u usage) {
	u.heap = heap()
	for _, g := range stacks() {
		u.goroutines++
		if strings.Contains(g, watchStreams) {
			u.clientStreams++
		}
		if strings.Contains(g, serverStreams) {
			u.serverStreams++
		}
	}
	return u
}

// flat reports whether u is not more than early. The heap of the server varies with its snapshots.
func (u usage) flat(early usage) bool {
	return u.goroutines <= early.goroutines+5 && u.clientStreams <= early.clientStreams &&
		u.serverStreams <= early.serverStreams && u.heap <= early.heap+early.heap/5+4<<20
}

func (u usage) String() string {
	return fmt.Sprintf("%d goroutines, %d streams of the client, %d of the server, %.1f MB",
		u.goroutines, u.clientStreams, u.serverStreams, float64(u.heap)/1e6)
}
