package simulation

import (
	"context"
	"slices"
	"time"
	_ "unsafe" // for go:linkname

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// valCtxCh is the Done channel of the contexts of etcd's watch streams. It is
// made when the program starts. A goroutine that waits on a channel from outside
// a bubble stops the time in the bubble. With a nil channel, package context
// starts no goroutine that waits on it.
//
//go:linkname valCtxCh go.etcd.io/etcd/client/v3.valCtxCh
var valCtxCh chan struct{}

func init() { valCtxCh = nil }

var (
	errLost   = status.Error(codes.Unavailable, "error reading from server: EOF")
	errClosed = status.Error(codes.Canceled, "grpc: the client connection is closing")
	errNoEtcd = status.Error(codes.Unimplemented, "unexpected HTTP status code received from server: 404 (Not Found)")
)

// A client is what is below etcd's client: the connections to the members, and
// the calls on them. It is a [pb.KVClient] and [pb.WatchClient]. The mutex of
// its world guards it.
type client struct {
	pb.KVClient // other methods panic

	w      *world
	ctx    context.Context // ends with the client
	cancel context.CancelFunc
	conns  []*conn // by member; nil if there is no connection
	next   int
	ready  chan struct{} // closed when there is another connection

	kv      clientv3.KV
	watcher clientv3.Watcher
}

func newClient(w *world) *client {
	c := &client{w: w, conns: make([]*conn, len(w.members)), ready: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	etcd := clientv3.NewCtxClient(c.ctx, clientv3.WithZapLogger(zap.NewNop()))
	c.kv = openKV{clientv3.NewKVFromKVClient(c, etcd), c.ctx}
	another := func() clientv3.Watcher { return clientv3.NewWatchFromWatchClient(c, etcd) }
	if c.watcher = another(); w.own {
		c.watcher = w.hooks.Own(c.watcher, another)
	}
	for i := range w.members {
		c.dial(i)
	}
	return c
}

// An openKV is a KV with the context of its client.
type openKV struct {
	clientv3.KV
	ctx context.Context
}

func (kv openKV) Ctx() context.Context { return kv.ctx }

// close closes the client, as clientv3.Client.Close does.
func (c *client) close() {
	c.cancel()
	_ = c.watcher.Close()
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	for _, conn := range c.conns {
		if conn != nil {
			c.lose(conn)
		}
	}
}

// dial connects to a member, now or once it can be reached. The caller need not
// hold the mutex.
func (c *client) dial(i int) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	m := c.w.members[i]
	switch {
	case c.ctx.Err() != nil || c.conns[i] != nil:
		return
	case m.cuts > 0 || m.pauses > 0:
		time.AfterFunc(time.Second, func() { c.dial(i) })
		return
	}
	conn := &conn{w: c.w, m: m, dead: make(chan struct{}), wake: make(chan struct{}, 1)}
	if c.w.metered {
		conn.metered, conn.count, conn.ended = c.w.hooks.Meter()
	}
	c.conns[i] = conn
	close(c.ready)
	c.ready = make(chan struct{})
	go conn.pump()
}

// lose ends a connection. The caller holds the mutex.
func (c *client) lose(conn *conn) {
	if conn.isDead {
		return
	}
	conn.isDead = true
	close(conn.dead)
	i := slices.Index(c.conns, conn)
	c.conns[i] = nil
	if c.ctx.Err() == nil {
		time.AfterFunc(100*time.Millisecond, func() { c.dial(i) })
	}
}

// pick returns the connection for the next call. It waits until there is one.
func (c *client) pick(ctx context.Context) (*conn, error) {
	for {
		c.w.mu.Lock()
		for n := range c.conns {
			i := (c.next + n) % len(c.conns)
			if conn := c.conns[i]; conn != nil && c.ctx.Err() == nil {
				c.next = i + 1
				c.w.mu.Unlock()
				if conn.metered != nil {
					conn.metered(ctx)
				}
				return conn, nil
			}
		}
		ready := c.ready
		c.w.mu.Unlock()
		select {
		case <-ready:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		case <-c.ctx.Done():
			return nil, errClosed
		}
	}
}

// Watch opens a watch stream.
func (c *client) Watch(ctx context.Context, _ ...grpc.CallOption) (grpc.BidiStreamingClient[pb.WatchRequest, pb.WatchResponse], error) {
	conn, err := c.pick(ctx)
	if err != nil {
		return nil, err
	}
	s := &stream{ctx: ctx, conn: conn, arrived: make(chan struct{}, 1), asked: make(chan struct{}, 1)}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.calls++
	c.w.streams++
	if c.w.noEtcd {
		s.failed = errNoEtcd
	}
	go s.serve()
	return s, nil
}

// Range reads. The client repeats a read that fails for lack of a connection, as
// etcd's interceptor does.
func (c *client) Range(ctx context.Context, in *pb.RangeRequest, _ ...grpc.CallOption) (r *pb.RangeResponse, err error) {
	for range 100 {
		r, err = call(ctx, c, func(m *member) (*pb.RangeResponse, int, error) { return m.read(in) })
		if status.Code(err) != codes.Unavailable || !c.w.sleep(25*time.Millisecond, ctx.Done()) {
			break
		}
	}
	return r, err
}

// Put writes.
func (c *client) Put(ctx context.Context, in *pb.PutRequest, _ ...grpc.CallOption) (*pb.PutResponse, error) {
	return call(ctx, c, func(m *member) (*pb.PutResponse, int, error) {
		h, _, err := m.write(ctx, nil, put(in))
		return &pb.PutResponse{Header: h}, 0, err
	})
}

// DeleteRange deletes one key.
func (c *client) DeleteRange(ctx context.Context, in *pb.DeleteRangeRequest, _ ...grpc.CallOption) (*pb.DeleteRangeResponse, error) {
	return call(ctx, c, func(m *member) (*pb.DeleteRangeResponse, int, error) {
		h, _, err := m.write(ctx, nil, deletion(in))
		return &pb.DeleteRangeResponse{Header: h}, 0, err
	})
}

// Txn does one write under one condition.
func (c *client) Txn(ctx context.Context, in *pb.TxnRequest, _ ...grpc.CallOption) (*pb.TxnResponse, error) {
	return call(ctx, c, func(m *member) (*pb.TxnResponse, int, error) {
		cmp, op := in.Compare[0], in.Success[0]
		e := change{}
		if op.GetRequestPut() != nil {
			e = put(op.GetRequestPut())
		} else {
			e = deletion(op.GetRequestDeleteRange())
		}
		h, done, err := m.write(ctx, func() bool {
			v, _ := m.w.store.at(string(cmp.Key), m.w.store.revision)
			return v.revision == cmp.GetModRevision()
		}, e)
		return &pb.TxnResponse{Header: h, Succeeded: done}, 0, err
	})
}

func put(in *pb.PutRequest) change { return change{string(in.Key), version{value: string(in.Value)}} }

func deletion(in *pb.DeleteRangeRequest) change {
	return change{string(in.Key), version{deleted: true}}
}

// call makes one call. handle runs at the member, and returns the answer and its
// size; a write has size 0.
func call[R any](ctx context.Context, c *client, handle func(*member) (R, int, error)) (r R, err error) {
	var none R
	conn, err := c.pick(ctx)
	if err != nil {
		return none, err
	}
	done := make(chan struct{})
	f := new(flow)
	if !conn.request(ctx) {
		return none, conn.callError(ctx, c)
	}
	c.w.mu.Lock()
	c.w.calls++
	refused := c.w.noEtcd
	c.w.mu.Unlock()
	if refused {
		return none, errNoEtcd
	}
	size := 0
	go func() {
		// The member finishes what it has begun.
		var answer R
		var failure error
		answer, size, failure = handle(conn.m)
		c.w.mu.Lock()
		defer c.w.mu.Unlock()
		if size == 0 && c.w.loseAnswers > 0 {
			c.w.loseAnswers--
			c.lose(conn)
		}
		conn.send(f, size+64, func() {
			r, err = answer, failure
			close(done)
		})
	}()
	select {
	case <-done:
	case <-conn.dead:
		return none, conn.callError(ctx, c)
	case <-ctx.Done():
		c.w.mu.Lock()
		defer c.w.mu.Unlock()
		conn.end(f)
		return none, status.FromContextError(ctx.Err()).Err()
	}
	switch {
	case err != nil:
		return none, err
	case size > c.w.maxMessage:
		return none, tooLarge(size, c.w.maxMessage)
	}
	return r, nil
}

// callError returns the error of a call that has got no answer.
func (c *conn) callError(ctx context.Context, of *client) error {
	switch {
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	case of.ctx.Err() != nil:
		return errClosed
	}
	return errLost
}
