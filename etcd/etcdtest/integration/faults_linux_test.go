package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
	"github.com/eventvalue/event/remote"
)

// A trial is a cluster of three processes under a load, and watchers of a range.
type trial struct {
	t       *testing.T
	cluster *etcdtest.Cluster
	client  *clientv3.Client
	store   *etcd.Store
	record  *recorder
	values  *remote.Range[string]
	stop    context.CancelFunc
	load    sync.WaitGroup
}

func newTrial(t *testing.T, opts ...etcd.Option) *trial {
	c := startCluster(t)
	return newTrialOn(t, c, dial(t, c.Addrs()...), opts...)
}

// startCluster starts three members, and skips the test without -faults.
func startCluster(t *testing.T) *etcdtest.Cluster {
	if !*faults {
		t.Skip("without -faults")
	}
	c, err := etcdtest.StartCluster(patient(t), etcdtest.ClusterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// newTrialOn starts a trial with a client of the cluster.
func newTrialOn(t *testing.T, c *etcdtest.Cluster, client *clientv3.Client, opts ...etcd.Option) *trial {
	tr := &trial{t: t, cluster: c, client: client}
	tr.store = etcd.New(tr.client, tr.client, append([]etcd.Option{etcd.Silence(silence)}, opts...)...)
	tr.record = follow(t, tr.store, remote.Prefix("r/"))
	tr.values = remote.NewRange(tr.store, "r/", remote.String())
	t.Cleanup(func() { _ = tr.values.Close() })
	ctx, stop := context.WithCancel(context.Background())
	tr.stop = stop
	t.Cleanup(func() { stop(); tr.load.Wait() })
	for i := range 4 {
		tr.load.Go(func() { tr.write(ctx, i) })
	}
	return tr
}

// write writes and deletes, whatever becomes of it.
func (tr *trial) write(ctx context.Context, who int) {
	for n := 0; ctx.Err() == nil; n++ {
		key := fmt.Sprintf("r/%d/%d", who, n%7)
		one, cancel := context.WithTimeout(ctx, time.Second)
		if n%3 == 0 {
			_, _ = tr.store.Delete(one, key, remote.Condition{})
		} else {
			_, _ = tr.store.Put(one, key, []byte(fmt.Sprint(n)), remote.Condition{})
		}
		cancel()
	}
}

// moves waits until something has come that was written after its call.
func (tr *trial) moves() {
	tr.t.Helper()
	tr.record.moves()
}

// moves waits until something has come that was written after its call.
func (r *recorder) moves() {
	r.t.Helper()
	from := r.count(func() int { return int(r.revision) })
	r.until("news", func() bool { return r.broken == nil && int(r.revision) > from+5 })
}

// settles ends the load, and checks that whoever follows ends with what the store has.
func (tr *trial) settles(watchers []*follower) {
	tr.t.Helper()
	tr.stop()
	tr.load.Wait()
	// What was on its way may still be written: after a write that is answered, all is.
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		rev, err := tr.store.Put(ctx, "r/end", []byte("end"), remote.Condition{})
		cancel()
		if err == nil {
			if err := tr.values.Sync(patient(tr.t), rev); err != nil {
				tr.t.Fatal(err)
			}
			break
		}
		if !errors.Is(err, remote.ErrUnknownOutcome) && !errors.Is(err, context.DeadlineExceeded) {
			tr.t.Fatal(err)
		}
	}
	tr.record.agrees(tr.client)
	for _, w := range watchers {
		eventually(tr.t, tr.client, remote.Prefix("r/"), w.has)
	}
	if tr.record.resets != 0 {
		tr.t.Errorf("%d resets, though the store never went back", tr.record.resets)
	}
}

func TestKillOfTheLeader(t *testing.T) {
	tr := newTrial(t)
	ws := startFollowers(t, tr.values, 10)
	for range 3 {
		tr.moves()
		leader, err := tr.cluster.Leader(patient(t))
		if err != nil {
			t.Fatal(err)
		}
		leader.Kill()
		tr.moves()
		if err := leader.Start(patient(t)); err != nil {
			t.Fatal(err)
		}
	}
	tr.moves()
	tr.settles(ws)
}

// The member that serves the watch is paused: its connections stay, and it says nothing. A Follow on
// the shared stream leaves it after two requests without an answer. If another member serves it before
// Silence is over, its connection was never broken. So the one with a stream of its own must call it so.
func TestPauseOfTheServingMember(t *testing.T) {
	tr := newTrial(t)
	ws := startFollowers(t, tr.values, 10)
	alone := followIn(t, metadata.AppendToOutgoingContext(context.Background(), "a", "b"), tr.store, remote.Prefix("r/"))
	tr.moves()
	alone.until("the watch", func() bool { return alone.fulls > 0 && alone.broken == nil })
	// All in turn: one of them is the one. The client's keep-alive would take ten seconds more.
	for _, m := range tr.cluster.Members {
		if err := m.Pause(); err != nil {
			t.Fatal(err)
		}
		tr.moves()
		alone.moves()
		if err := m.Resume(); err != nil {
			t.Fatal(err)
		}
		tr.moves()
	}
	if alone.count(func() int { return alone.breaks }) == 0 {
		t.Error("the connection was never called broken, though every member was paused")
	}
	tr.settles(ws)
	alone.agrees(tr.client)
}

func TestLossOfTheQuorum(t *testing.T) {
	tr := newTrial(t)
	ws := startFollowers(t, tr.values, 10)
	tr.moves()
	for _, m := range tr.cluster.Members[:2] {
		m.Kill()
	}
	tr.record.until("a broken connection", func() bool { return tr.record.broken != nil })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := tr.store.Put(ctx, "r/x", nil, remote.Condition{}); !errors.Is(err, remote.ErrUnknownOutcome) {
		t.Errorf("a write without a quorum: %v", err)
	}
	for _, m := range tr.cluster.Members[:2] {
		if err := m.Start(patient(t)); err != nil {
			t.Fatal(err)
		}
	}
	tr.moves()
	tr.settles(ws)
}

// A member is cut off from the others, not from its clients: what it serves gets old.
func TestPartition(t *testing.T) {
	tr := newTrial(t)
	ws := startFollowers(t, tr.values, 10)
	for _, m := range tr.cluster.Members {
		tr.moves()
		m.Peer.Hold()
		tr.moves()
		m.Peer.Heal()
	}
	tr.settles(ws)
}

// A servingMember holds the address of the member that serves the newest watch stream of a client.
type servingMember struct {
	streamCounter // for the other methods of a [stats.Handler]
	addr          atomic.Pointer[string]
}

// HandleRPC implements [stats.Handler].
func (s *servingMember) HandleRPC(ctx context.Context, event stats.RPCStats) {
	if header, ok := event.(*stats.OutHeader); ok && strings.HasSuffix(header.FullMethod, "/Watch") {
		addr := header.RemoteAddr.String()
		s.addr.Store(&addr)
	}
}

// moveLeader makes m the leader.
func moveLeader(t *testing.T, c *etcdtest.Cluster, m *etcdtest.Member) {
	t.Helper()
	status, err := dial(t, m.Client.Addr()).Status(patient(t), m.Client.Addr())
	if err != nil {
		t.Fatal(err)
	}
	for {
		leader, err := c.Leader(patient(t))
		if err != nil {
			t.Fatal(err)
		}
		if leader == m {
			return
		}
		_, _ = dial(t, leader.Client.Addr()).MoveLeader(patient(t), status.Header.MemberId)
	}
}

// The member that serves the only Follow of a client is the leader, and is cut off. The others elect
// another leader. The member gets that leader's heartbeats, but its own messages are lost, so it gets no
// changes. A session of the Follow sends three requests, and the members get them in turn. So the
// member would get the watch of each session.
func TestPartitionOfTheServingMember(t *testing.T) {
	c := startCluster(t)
	serving := new(servingMember)
	cfg := etcd.ClientConfig(c.Addrs()...)
	cfg.DialOptions = append(cfg.DialOptions, grpc.WithStatsHandler(serving))
	client := dialWith(t, cfg)
	all := dial(t, c.Addrs()...)
	// With metadata, the Follow has its own stream, and sends no other requests.
	ctx := metadata.AppendToOutgoingContext(context.Background(), "a", "b")
	r := followIn(t, ctx, etcd.New(client, client, etcd.Silence(silence)), remote.Prefix("r/"))
	r.until("the state", func() bool { return r.fulls > 0 })
	before := put(t, all, "r/k", "before")
	r.until("a change", func() bool { return r.revision >= before })
	var held *etcdtest.Member
	var others []string
	for _, m := range c.Members {
		if m.Client.Addr() == *serving.addr.Load() {
			held = m
		} else {
			others = append(others, m.Client.Addr())
		}
	}
	moveLeader(t, c, held)
	held.Peer.Hold()
	direct := dial(t, others...)
	for written := false; !written; {
		ctx, cancel := context.WithTimeout(patient(t), time.Second)
		_, err := direct.Put(ctx, "r/k", "after") // It fails until there is a leader.
		cancel()
		written = err == nil
	}
	r.agrees(direct)
	held.Peer.Heal()
	r.agrees(direct)
}

func TestCompactionWhileMembersDie(t *testing.T) {
	tr := newTrial(t, etcd.PageSize(3))
	ws := startFollowers(t, tr.values, 10)
	compactions := 0
	for _, m := range tr.cluster.Members {
		tr.moves()
		m.Kill()
		tr.moves()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		for ctx.Err() == nil {
			r, err := tr.client.Get(ctx, "x")
			if err != nil {
				continue
			}
			if _, err = tr.client.Compact(ctx, r.Header.Revision); err == nil {
				compactions++
				break
			}
		}
		cancel()
		if err := m.Start(patient(t)); err != nil {
			t.Fatal(err)
		}
	}
	// A store that is cut off during a compaction must read the state again.
	before := tr.record.count(func() int { return tr.record.fulls })
	for _, m := range tr.cluster.Members {
		m.Client.Cut()
	}
	tr.record.until("a broken connection", func() bool { return tr.record.broken != nil })
	direct := dial(t, tr.cluster.Members[0].Listens())
	put(t, direct, "r/0/0", "written while the store is cut off")
	compact(t, direct)
	for _, m := range tr.cluster.Members {
		m.Client.Heal()
	}
	tr.moves()
	if after := tr.record.count(func() int { return tr.record.fulls }); after == before {
		t.Error("the store has not noticed the compaction")
	}
	if compactions != len(tr.cluster.Members) {
		t.Errorf("%d compactions", compactions)
	}
	tr.settles(ws)
}

// The line to each member is slow in turn, and once to all of them. A large value arrives all the same.
func TestSlowLinesToTheMembers(t *testing.T) {
	tr := newTrial(t)
	ws := startFollowers(t, tr.values, 10)
	limit := func(rate int, members ...*etcdtest.Member) {
		for _, m := range members {
			m.Client.Limit(rate)
		}
	}
	const rate, size = 200_000, 200_000
	for _, m := range tr.cluster.Members {
		limit(rate, m)
		put(t, tr.client, "r/large", strings.Repeat("x", size))
		tr.moves()
		limit(0, m)
	}
	limit(rate, tr.cluster.Members...)
	put(t, tr.client, "r/large", strings.Repeat("y", size))
	tr.moves()
	limit(0, tr.cluster.Members...)
	tr.settles(ws)
}

// Each of three members is killed in turn, and the permission is narrowed while the first of them is
// down. A member that comes back has no tokens.
func TestKillOfMembersWithAuth(t *testing.T) {
	c := startCluster(t)
	enableAuth(t, dial(t, c.Addrs()...), "r/")
	root := rootClient(t, c.Addrs()...)
	tr := newTrialOn(t, c, userClient(t, "user", "pw", c.Addrs()...))
	ws := startFollowers(t, tr.values, 10)
	end := clientv3.GetPrefixRangeEnd("r/")
	for i, m := range c.Members {
		tr.moves()
		m.Kill()
		tr.moves()
		if i == 0 {
			grant(t, root, "r/0/0", "")
			revoke(t, root, "r/", end)
			tr.record.refused(errPermission)
			grant(t, root, "r/", end)
			tr.moves()
		}
		if err := m.Start(patient(t)); err != nil {
			t.Fatal(err)
		}
	}
	tr.moves()
	tr.settles(ws)
}
