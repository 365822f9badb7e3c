package simulation

import (
	"context"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// requestTimeout is the time after which a member gives up a request that needs
// the others.
const requestTimeout = 7 * time.Second

// A member is one server. The mutex of its world guards it.
type member struct {
	w       *world
	id      uint64
	applied int64         // the revision of the member's state
	changed chan struct{} // closed when anything here changes

	// Numbers of faults in progress.
	cuts, pauses, lags, leaderless, slows int
	slowRate                              int64
}

// notify wakes all that wait for a change of m.
func (m *member) notify() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// advance applies what the other members have committed.
func (m *member) advance() {
	if m.lags == 0 && m.leaderless == 0 && m.applied != m.w.store.revision {
		m.applied = m.w.store.revision
		m.notify()
	}
}

// rate returns the bytes per second of the line, or 0 if it has no limit.
func (m *member) rate() int64 {
	if m.slows > 0 && (m.w.rate == 0 || m.slowRate < m.w.rate) {
		return m.slowRate
	}
	return m.w.rate
}

func (m *member) header() *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: m.w.store.cluster, MemberId: m.id, Revision: m.applied, RaftTerm: m.w.store.term}
}

// await waits until ok is true, and returns with the mutex of the world locked.
// Otherwise it returns an error.
func (m *member) await(ok func() bool) error {
	timeout := time.NewTimer(requestTimeout)
	defer timeout.Stop()
	for {
		m.w.mu.Lock()
		if ok() {
			return nil
		}
		changed := m.changed
		m.w.mu.Unlock()
		select {
		case <-changed:
		case <-timeout.C:
			return rpctypes.ErrGRPCTimeout
		case <-m.w.over:
			return rpctypes.ErrGRPCStopped
		}
	}
}

// read is a linearizable read.
func (m *member) read(in *pb.RangeRequest) (*pb.RangeResponse, int, error) {
	needed := int64(-1)
	err := m.await(func() bool {
		if needed < 0 && m.leaderless == 0 {
			needed = m.w.store.revision
		}
		return needed >= 0 && (m.applied >= needed || m.applied == m.w.store.revision)
	})
	if err != nil {
		return nil, 0, err
	}
	defer m.w.mu.Unlock()
	s := m.w.store
	revision := in.Revision
	switch {
	case !m.w.mayUse(string(in.Key), string(in.RangeEnd)):
		return nil, 0, rpctypes.ErrGRPCPermissionDenied
	case revision > m.applied:
		return nil, 0, rpctypes.ErrGRPCFutureRev
	case revision > 0 && revision < s.compacted:
		return nil, 0, rpctypes.ErrGRPCCompacted
	case revision == 0:
		revision = m.applied
	}
	all := s.state(string(in.Key), string(in.RangeEnd), revision)
	r := &pb.RangeResponse{Header: m.header(), Count: int64(len(all))}
	if in.Limit > 0 && int64(len(all)) > in.Limit {
		all, r.More = all[:in.Limit], true
	}
	size := 64
	for _, e := range all {
		kv := e.kv()
		if in.KeysOnly {
			kv.Value = nil
		}
		r.Kvs = append(r.Kvs, kv)
		size += kvSize(kv)
	}
	return r, size, nil
}

// kv returns the event as etcd's key.
func (e change) kv() *mvccpb.KeyValue {
	return &mvccpb.KeyValue{Key: []byte(e.key), Value: []byte(e.value), ModRevision: e.revision, Version: 1}
}

// kvSize returns the approximate size of a key in a message.
func kvSize(kv *mvccpb.KeyValue) int { return len(kv.Key) + len(kv.Value) + 32 }

// write commits events if cond holds, and reports whether it did.
func (m *member) write(ctx context.Context, cond func() bool, events ...change) (*pb.ResponseHeader, bool, error) {
	if err := m.await(func() bool { return m.leaderless == 0 }); err != nil {
		return nil, false, err
	}
	h, done, err := m.writeLocked(ctx, cond, events)
	m.w.mu.Unlock()
	if err != nil {
		return nil, false, err
	}
	// The answer waits until this member has applied the write.
	if err := m.await(func() bool { return m.applied >= h.Revision || m.w.store.revision < h.Revision }); err != nil {
		return nil, false, err
	}
	m.w.mu.Unlock()
	return h, done, nil
}

func (m *member) writeLocked(ctx context.Context, cond func() bool, events []change) (*pb.ResponseHeader, bool, error) {
	w, puts := m.w, false
	for _, e := range events {
		if !w.mayUse(e.key, "") {
			return nil, false, rpctypes.ErrGRPCPermissionDenied
		}
		puts = puts || !e.deleted
	}
	if puts && w.quota == quotaExceeded {
		return nil, false, rpctypes.ErrGRPCNoSpace
	}
	done := cond == nil || cond()
	if done {
		w.commit(ctx, events...)
	}
	h := m.header()
	h.Revision = w.store.revision
	if puts && done && w.quota == quotaReached {
		w.quota = quotaExceeded
		return nil, false, rpctypes.ErrGRPCNoSpace // The write is done.
	}
	return h, done, nil
}
