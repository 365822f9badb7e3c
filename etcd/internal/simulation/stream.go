package simulation

import (
	"context"
	"io"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// syncDelay is the time that a member takes to send the history to a watch.
const syncDelay = 50 * time.Millisecond

// A stream is an open watch stream. The mutex of the world guards it.
type stream struct {
	grpc.ClientStream // other methods panic
	ctx               context.Context
	conn              *conn
	flow              flow

	inbox   []*pb.WatchResponse // at the client
	failed  error               // the member or gRPC has ended the stream
	arrived chan struct{}

	requests []*pb.WatchRequest // at the member
	asked    chan struct{}
	watches  []*serverWatch
	nextID   int64
	rejected time.Time // the time of the last rejection
}

// A serverWatch is a watch at its member.
type serverWatch struct {
	id          int64
	key, end    string
	start, next int64 // the revisions that were requested, and that are next
	syncAt      time.Time
	synced      bool
}

// Send sends a request. It does not wait.
func (s *stream) Send(r *pb.WatchRequest) error {
	s.conn.w.mu.Lock()
	defer s.conn.w.mu.Unlock()
	if s.failed != nil || s.conn.isDead {
		return io.EOF
	}
	s.requests = append(s.requests, r)
	signal(s.asked)
	return nil
}

// CloseSend does nothing.
func (s *stream) CloseSend() error { return nil }

// Recv returns the next response.
func (s *stream) Recv() (*pb.WatchResponse, error) {
	r, err := s.receive()
	if err != nil && s.conn.ended != nil {
		s.conn.ended(s.ctx, err)
	}
	return r, err
}

func (s *stream) receive() (*pb.WatchResponse, error) {
	for {
		s.conn.w.mu.Lock()
		dead, failed := s.conn.isDead, s.failed
		if len(s.inbox) > 0 {
			r := s.inbox[0]
			s.inbox = s.inbox[1:]
			s.conn.w.mu.Unlock()
			return r, nil
		}
		s.conn.w.mu.Unlock()
		switch {
		case s.ctx.Err() != nil:
			return nil, status.FromContextError(s.ctx.Err()).Err()
		case failed != nil:
			return nil, failed
		case dead:
			return nil, errLost
		}
		select {
		case <-s.arrived:
		case <-s.conn.dead:
		case <-s.ctx.Done():
		}
	}
}

// serve is the member's end of the stream.
func (s *stream) serve() {
	w := s.conn.w
	defer func() {
		w.mu.Lock()
		s.conn.end(&s.flow)
		w.streams--
		w.mu.Unlock()
	}()
	for s.conn.request(s.ctx) {
		w.mu.Lock()
		s.handleRequests()
		delay := s.advance()
		over, changed := s.failed != nil, s.conn.m.changed
		w.mu.Unlock()
		if over || !s.wait(changed, delay) {
			return
		}
	}
}

// wait waits for something to do. It returns false if the stream has ended.
func (s *stream) wait(changed chan struct{}, delay time.Duration) bool {
	var sync <-chan time.Time
	if delay > 0 {
		t := time.NewTimer(delay)
		defer t.Stop()
		sync = t.C
	}
	select {
	case <-changed:
	case <-s.asked:
	case <-sync:
	case <-s.conn.dead:
		return false
	case <-s.ctx.Done():
		return false
	}
	return true
}

// requiresLeader reports whether the stream must end when there is no leader.
func (s *stream) requiresLeader() bool {
	md, _ := metadata.FromOutgoingContext(s.ctx)
	return len(md.Get(rpctypes.MetadataRequireLeaderKey)) > 0
}

func (s *stream) handleRequests() {
	for _, r := range s.requests {
		switch {
		case r.GetCreateRequest() != nil:
			s.create(r.GetCreateRequest())
		case r.GetCancelRequest() != nil:
			s.cancel(r.GetCancelRequest().WatchId)
		case r.GetProgressRequest() != nil:
			s.progress()
		}
	}
	s.requests = nil
}

// create adds a watch.
func (s *stream) create(r *pb.WatchCreateRequest) {
	m := s.conn.m
	key, end := string(r.Key), string(r.RangeEnd)
	reason := ""
	switch {
	case !m.w.mayUse(key, end):
		reason = rpctypes.ErrGRPCPermissionDenied.Error()
	case end != "" && end != "\x00" && key >= end:
		reason = "mvcc: watcher range is empty"
	}
	if reason != "" {
		s.reject(reason)
		return
	}
	sw := &serverWatch{id: s.nextID, key: key, end: end, start: r.StartRevision, next: r.StartRevision}
	s.nextID++
	sw.synced = sw.next == 0 || sw.next > m.applied
	if sw.next == 0 {
		sw.next = m.applied + 1
	}
	sw.syncAt = time.Now().Add(syncDelay)
	s.watches = append(s.watches, sw)
	s.respond(&pb.WatchResponse{Header: m.header(), WatchId: sw.id, Created: true})
}

// rejectTime is the time in which nothing else happens on a stream that has
// rejected a watch. Between the arrival of a rejection and the end of the watch,
// etcd's client has the watch in none of its lists. If the stream ends in these
// microseconds, or its last other watch does, the client's goroutines wait for
// each other for good, and so does its Close.
const rejectTime = 1237 * time.Microsecond

// reject answers the request for a watch by an error.
func (s *stream) reject(reason string) {
	s.rejected = time.Now()
	r := &pb.WatchResponse{Header: s.conn.m.header(), WatchId: clientv3.InvalidWatchID, Created: true, Canceled: true,
		CancelReason: reason}
	time.AfterFunc(rejectTime, func() {
		s.conn.w.mu.Lock()
		defer s.conn.w.mu.Unlock()
		s.respond(r)
	})
}

// cancel removes a watch.
func (s *stream) cancel(id int64) {
	n := len(s.watches)
	s.watches = slices.DeleteFunc(s.watches, func(sw *serverWatch) bool { return sw.id == id })
	if len(s.watches) < n {
		s.respond(&pb.WatchResponse{Header: s.conn.m.header(), WatchId: id, Canceled: true})
	}
}

// progress answers a request for progress if every watch of the stream has got
// all that it has to get.
func (s *stream) progress() {
	m := s.conn.m
	for _, sw := range s.watches {
		if !sw.synced || m.applied < sw.start {
			return
		}
	}
	s.advance() // What was sent before the answer is the state that it announces.
	if len(s.watches) > 0 {
		s.respond(&pb.WatchResponse{Header: m.header(), WatchId: clientv3.InvalidWatchID})
	}
}

// advance sends what the watches have to get. It returns the time after which it
// has to be called again, or 0.
func (s *stream) advance() (delay time.Duration) {
	m := s.conn.m
	if m.leaderless > 0 && s.requiresLeader() {
		if time.Since(s.rejected) <= 2*rejectTime {
			return rejectTime
		}
		s.fail(rpctypes.ErrGRPCNoLeader)
		return 0
	}
	for _, sw := range slices.Clone(s.watches) {
		if !sw.synced {
			if time.Until(sw.syncAt) > 0 {
				delay = syncDelay
				continue
			}
			if sw.next < m.w.store.compacted {
				s.endCompacted(sw)
				continue
			}
			sw.synced = true
		}
		if sw.next <= m.applied {
			s.events(sw, m.w.store.since(sw.key, sw.end, sw.next, m.applied))
			sw.next = m.applied + 1
		}
	}
	return delay
}

// endCompacted ends a watch whose history is compacted.
func (s *stream) endCompacted(sw *serverWatch) {
	s.watches = slices.DeleteFunc(s.watches, func(o *serverWatch) bool { return o == sw })
	s.respond(&pb.WatchResponse{Header: s.conn.m.header(), WatchId: sw.id, Canceled: true,
		CompactRevision: s.conn.m.w.store.compacted})
}

// events sends changes to a watch, in fragments if they are large.
func (s *stream) events(sw *serverWatch, changes []change) {
	var r *pb.WatchResponse
	size := 0
	for _, c := range changes {
		kv, kind := c.kv(), mvccpb.PUT
		if c.deleted {
			kind, kv.Value = mvccpb.DELETE, nil
		}
		if r != nil && size+kvSize(kv) > s.conn.w.fragment {
			r.Fragment = true
			s.respond(r)
			r = nil
		}
		if r == nil {
			r, size = &pb.WatchResponse{Header: s.conn.m.header(), WatchId: sw.id}, 64
		}
		r.Events = append(r.Events, &mvccpb.Event{Type: kind, Kv: kv})
		size += kvSize(kv)
	}
	if r != nil {
		s.respond(r)
	}
}

// respond sends a response to the client.
func (s *stream) respond(r *pb.WatchResponse) {
	size := 64
	for _, e := range r.Events {
		size += kvSize(e.Kv)
	}
	if size > s.conn.w.maxMessage {
		s.fail(tooLarge(size, s.conn.w.maxMessage))
		return
	}
	s.conn.send(&s.flow, size, func() {
		s.inbox = append(s.inbox, r)
		signal(s.arrived)
	})
}

// fail ends the stream with an error.
func (s *stream) fail(err error) {
	s.failed = err
	signal(s.arrived)
}

// tooLarge returns gRPC's error for a message that is too large.
func tooLarge(size, most int) error {
	return status.Errorf(codes.ResourceExhausted, "grpc: received message larger than max (%d vs. %d)", size, most)
}
