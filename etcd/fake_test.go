package etcd_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// A script is a server whose answers a test defines. It replaces the server
// below etcd's real client, or the client's watcher, which does not work in a
// bubble.
type script struct {
	pb.KVClient // other methods panic

	streams chan *stream // the opened streams, in order
	shared  sharedStreams

	mu     sync.Mutex
	opened []*stream
	byName map[string]*stream // the last one of each name
	header pb.ResponseHeader
	kvs    []*mvccpb.KeyValue
	// past has the keys at older revisions, where they differ. A nil slice stands
	// for a revision that is compacted.
	past   map[int64][]*mvccpb.KeyValue
	ranges []*pb.RangeRequest
	mute   bool  // reads get no answer
	meter  bool  // the client has a meter
	refuse error // the answer to reads, if it is not nil
	// muted reports whether a read gets no answer. It may be nil.
	muted func(in *pb.RangeRequest) bool
	auto  bool // streams are served instead of sent to the channel streams
	asked int  // the number of progress requests on streams that are served
}

func newScript() *script {
	s := &script{streams: make(chan *stream, 100), byName: make(map[string]*stream)}
	s.header = pb.ResponseHeader{ClusterId: 1, RaftTerm: 5, Revision: 50}
	s.kvs = []*mvccpb.KeyValue{{Key: []byte("k"), Value: []byte("v"), ModRevision: 40}}
	return s
}

// store returns a Store on the script that works in a bubble.
func (s *script) store(opts ...etcd.Option) *etcd.Store {
	return etcd.New(openKV{clientv3.NewKVFromKVClient(s, nil)}, watcher{s}, opts...)
}

// An openKV is a KV of a client that is open.
type openKV struct{ clientv3.KV }

func (openKV) Ctx() context.Context { return context.Background() }

// below returns a Store on the script with etcd's own watcher between them.
func (s *script) below(opts ...etcd.Option) *etcd.Store {
	c := clientv3.NewCtxClient(context.Background(), clientv3.WithZapLogger(zap.NewNop()))
	return etcd.New(clientv3.NewKVFromKVClient(s, c), clientv3.NewWatchFromWatchClient(s, c), opts...)
}

// A watcher is a script as clientv3.Watcher.
type watcher struct{ s *script }

func (w watcher) Watch(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	op := clientv3.OpGet(key, opts...)
	switch {
	case op.Rev() == 0 && !op.IsProgressNotify():
		// It ends the stream, which has ended with its context.
		out := make(chan clientv3.WatchResponse)
		context.AfterFunc(ctx, func() { close(out) })
		return out
	case op.Rev() == 0:
		return w.s.shared.watch(ctx)
	}
	st := w.s.open(ctx)
	_ = st.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{
		CreateRequest: &pb.WatchCreateRequest{StartRevision: op.Rev()},
	}})
	out := make(chan clientv3.WatchResponse)
	created := make(chan struct{})
	go func() {
		defer close(out)
		for {
			r, err := st.Recv()
			if err != nil {
				return
			}
			if r.Created {
				close(created)
				continue
			}
			select {
			case out <- response(r):
			case <-ctx.Done():
				return
			}
		}
	}()
	select {
	case <-created:
	case <-ctx.Done():
	}
	return out
}

// response converts r as the client does.
func response(r *pb.WatchResponse) clientv3.WatchResponse {
	return clientv3.WatchResponse{
		Header: r.Header, Events: r.Events, CompactRevision: r.CompactRevision,
		Canceled: r.Canceled, CancelReason: r.CancelReason,
	}
}

func (w watcher) RequestProgress(ctx context.Context) error {
	if w.s.shared.requestProgress(ctx, w.s) {
		return nil
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if st, ok := w.s.byName[streamOf(ctx)]; ok {
		return st.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{ProgressRequest: &pb.WatchProgressRequest{}}})
	}
	return io.ErrClosedPipe
}

func (w watcher) Close() error { return nil }

// set changes the script.
func (s *script) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (s *script) head() *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: s.header.ClusterId, RaftTerm: s.header.RaftTerm, Revision: s.header.Revision}
}

func (s *script) Range(ctx context.Context, in *pb.RangeRequest, _ ...grpc.CallOption) (*pb.RangeResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranges = append(s.ranges, in)
	if s.meter {
		connect, _, _ := etcd.Meter()
		connect(ctx)
	}
	if s.refuse != nil {
		return nil, s.refuse
	}
	if s.mute || s.muted != nil && s.muted(in) {
		s.mu.Unlock()
		<-ctx.Done()
		s.mu.Lock()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	r := &pb.RangeResponse{Header: s.head()}
	kvs, old := s.past[in.Revision]
	switch {
	case !old:
		kvs = s.kvs
	case kvs == nil:
		return nil, rpctypes.ErrGRPCCompacted
	}
	for _, kv := range kvs {
		switch {
		case len(in.RangeEnd) == 0 && string(in.Key) != string(kv.Key), string(in.Key) > string(kv.Key):
		case in.Limit > 0 && int64(len(r.Kvs)) == in.Limit:
			r.More = true
		default:
			r.Kvs = append(r.Kvs, kv)
		}
	}
	return r, nil
}

// isList reports whether in reads a page of the full state.
func isList(in *pb.RangeRequest) bool { return len(in.RangeEnd) > 0 && !in.KeysOnly }

// lists returns the number of full states that were read.
func (s *script) lists() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.countRanges(isList)
}

// countRanges returns the number of reads that are as is says. The caller holds
// mu.
func (s *script) countRanges(is func(in *pb.RangeRequest) bool) (n int) {
	for _, r := range s.ranges {
		if is(r) {
			n++
		}
	}
	return n
}

// Watch opens a stream.
func (s *script) Watch(ctx context.Context, _ ...grpc.CallOption) (grpc.BidiStreamingClient[pb.WatchRequest, pb.WatchResponse], error) {
	st := s.open(ctx)
	if s.meter {
		connect, _, end := etcd.Meter()
		connect(ctx)
		st.ended = end
	}
	return st, nil
}

// openStreams returns the number of streams that have not ended.
func (s *script) openStreams() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.opened {
		if st.ctx.Err() == nil {
			n++
		}
	}
	return n
}

func (s *script) open(ctx context.Context) *stream {
	ctx, cut := context.WithCancel(ctx)
	st := &stream{s: s, ctx: ctx, cut: cut, requests: make(chan *pb.WatchRequest, 1000), responses: make(chan *pb.WatchResponse, 1000)}
	s.mu.Lock()
	s.opened = append(s.opened, st)
	s.byName[streamOf(ctx)] = st
	auto := s.auto
	s.mu.Unlock()
	if auto {
		go st.serve()
	} else {
		s.streams <- st
	}
	return st
}

// A stream is an opened watch stream.
type stream struct {
	grpc.ClientStream
	s         *script
	ctx       context.Context
	cut       context.CancelFunc           // makes Recv fail
	ended     func(context.Context, error) // records the error of Recv; may be nil
	requests  chan *pb.WatchRequest
	responses chan *pb.WatchResponse
}

func (st *stream) Send(r *pb.WatchRequest) error {
	st.requests <- r
	return nil
}

func (st *stream) Recv() (*pb.WatchResponse, error) {
	err := errUnavailable
	select {
	case r := <-st.responses:
		if r != nil {
			return r, nil
		}
		st.cut()
	case <-st.ctx.Done():
		err = status.FromContextError(st.ctx.Err()).Err()
	}
	if st.ended != nil {
		st.ended(st.ctx, err)
	}
	return nil, err
}

// lose loses the connection of the stream. The client opens it again.
func (st *stream) lose() { st.responses <- nil }

func (st *stream) CloseSend() error { return nil }

// create answers the request for a watch, and returns it.
func (st *stream) create() *pb.WatchCreateRequest {
	r := (<-st.requests).GetCreateRequest()
	st.responses <- &pb.WatchResponse{Header: st.s.head(), Created: true}
	return r
}

// progress answers the next request for progress, which must come.
func (st *stream) progress(revision int64) {
	for r := range st.requests {
		if r.GetProgressRequest() != nil {
			break
		}
	}
	h := st.s.head()
	h.Revision = revision
	st.responses <- &pb.WatchResponse{Header: h, WatchId: clientv3.InvalidWatchID}
}

// keep answers requests for progress, with the script's header as change makes
// it, until the stream ends.
func (st *stream) keep(change func(h *pb.ResponseHeader)) {
	for {
		select {
		case <-st.ctx.Done():
			return
		case r := <-st.requests:
			if r.GetProgressRequest() != nil {
				st.s.mu.Lock()
				h := st.s.head()
				st.s.mu.Unlock()
				change(h)
				st.responses <- &pb.WatchResponse{Header: h, WatchId: clientv3.InvalidWatchID}
			}
		}
	}
}

// serve answers all requests until the stream ends.
func (st *stream) serve() {
	for id := int64(0); ; id++ {
		select {
		case <-st.ctx.Done():
			return
		case r := <-st.requests:
			st.s.mu.Lock()
			h := st.s.head()
			if r.GetProgressRequest() != nil {
				st.s.asked++
			}
			st.s.mu.Unlock()
			switch c := r.GetCreateRequest(); {
			case c != nil:
				st.responses <- &pb.WatchResponse{Header: h, Created: true, WatchId: id}
			case r.GetProgressRequest() != nil:
				st.responses <- &pb.WatchResponse{Header: h, WatchId: clientv3.InvalidWatchID}
			}
		}
	}
}

// asIs changes nothing.
func asIs(*pb.ResponseHeader) {}

// event sends a change, with a header whose revision is ahead.
func (st *stream) event(key, val string, revision, header int64) {
	h := st.s.head()
	h.Revision = header
	st.responses <- &pb.WatchResponse{Header: h, Events: []*mvccpb.Event{
		{Kv: &mvccpb.KeyValue{Key: []byte(key), Value: []byte(val), ModRevision: revision}},
	}}
}

// sent returns a value of the metadata that the stream was opened with.
func (st *stream) sent(key string) string {
	md, _ := metadata.FromOutgoingContext(st.ctx)
	return strings.Join(md.Get(key), ",")
}

// A recording holds the batches of a Follow.
type recording struct {
	mu      sync.Mutex
	batches []remote.Batch
	times   []time.Time
	end     func() error // ends the Follow, and returns what that returned
}

// follow follows every key. The test ends it.
func follow(t *testing.T, store *etcd.Store) *recording {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	tp := new(recording)
	ended := make(chan error, 1)
	go func() {
		ended <- store.Follow(ctx, remote.Prefix(""), func(b remote.Batch) error {
			tp.mu.Lock()
			defer tp.mu.Unlock()
			tp.batches = append(tp.batches, b)
			tp.times = append(tp.times, time.Now())
			return nil
		})
	}()
	tp.end = func() error {
		cancel()
		return <-ended
	}
	return tp
}

// all returns the batches so far.
func (tp *recording) all() []remote.Batch {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	return slices.Clone(tp.batches)
}

// last returns the newest batch.
func (tp *recording) last() remote.Batch {
	all := tp.all()
	if len(all) == 0 {
		return remote.Batch{}
	}
	return all[len(all)-1]
}

// connected reports whether a batch says that the watch is open and has caught
// up.
func (tp *recording) connected() bool {
	return slices.ContainsFunc(tp.all(), func(b remote.Batch) bool { return b.Broken == nil && !b.More && !b.CatchingUp })
}

// broken returns the time and the reason of the first batch with Broken.
func (tp *recording) broken() (at time.Time, err error) {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	for i, b := range tp.batches {
		if b.Broken != nil {
			return tp.times[i], b.Broken
		}
	}
	return time.Time{}, nil
}

// until waits in real time until ok is true of the newest batch.
func (tp *recording) until(t *testing.T, ok func(remote.Batch) bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(tp.last()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the newest batch is %+v", tp.last())
		}
	}
}
