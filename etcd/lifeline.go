package etcd

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.uber.org/atomic"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// A lifeline counts the bytes that arrive on the connection of one call. A
// large response takes long on a slow line, and the bytes show that the line is
// alive before the response is complete. A lifeline also records whether gRPC
// has sent the call, and the error with which gRPC has ended it.
//
// A lifeline travels in the context of its call, through wrappers of the client
// too. The configuration of [ClientConfig] connects it: the dialer wraps each
// connection in a meteredConn, and the stats handler finds the one on which gRPC
// sends the call. With any other configuration no lifeline is connected.
type lifeline struct {
	// The fields are set by gRPC. The client may make several calls of one: a
	// flag stays set, and failure is the error of the last call.
	conn    atomic.Pointer[meteredConn] // nil until connected
	begun   atomic.Bool                 // a client with a meter has begun the call, which is not a stream
	sent    atomic.Bool                 // the call was given to a connection
	token   atomic.Bool                 // a request for a token was sent, and has not ended
	granted atomic.Bool                 // a token has arrived since the flag was cleared
	message atomic.Bool                 // a message of the call has arrived since the flag was cleared
	lost    atomic.Bool                 // the connection of the call was lost since the flag was cleared
	failure atomic.Error                // nil if the call has not failed
}

type lifelineKey struct{}

// withLifeline returns a context for one call, and its lifeline.
func withLifeline(ctx context.Context) (context.Context, *lifeline) {
	l := new(lifeline)
	return context.WithValue(ctx, lifelineKey{}, l), l
}

// received returns the connection and the number of bytes that have arrived on
// it. It returns nil if the connection is not known.
func (l *lifeline) received() (c *meteredConn, n int64) {
	if c = l.conn.Load(); c != nil {
		n = c.received.Load()
	}
	return c, n
}

// unsent reports whether it is certain that the call has not left this process.
// Call it when the call has returned.
func (l *lifeline) unsent() bool { return l.begun.Load() && !l.sent.Load() }

// A meteredConn is a connection that counts the bytes that arrive.
type meteredConn struct {
	net.Conn
	received atomic.Int64
	meter    *meter
}

// Read implements [net.Conn].
func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.received.Add(int64(n))
	return n, err
}

// Close implements [net.Conn].
func (c *meteredConn) Close() error {
	c.meter.conns.CompareAndDelete(c.LocalAddr().String(), c)
	return c.Conn.Close()
}

// A meter connects lifelines to the connections of one client configuration. It
// is a [stats.Handler].
type meter struct {
	conns sync.Map // local address to *meteredConn
}

// options returns the options that connect lifelines.
func (m *meter) options() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithContextDialer(m.dial), grpc.WithStatsHandler(m), grpc.WithChainUnaryInterceptor(noteBegin),
	}
}

// noteBegin records that a client with a meter has begun a call. A stats handler
// does not see the calls of a client that is closed.
func noteBegin(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if l, ok := ctx.Value(lifelineKey{}).(*lifeline); ok {
		l.begun.Store(true)
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

// dial opens a connection to an address of gRPC. Connections of unix sockets
// are not metered, because their local addresses are all the same.
func (m *meter) dial(ctx context.Context, addr string) (net.Conn, error) {
	network, addr := splitNetwork(addr)
	d := net.Dialer{Control: dialControl}
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil || network == "unix" {
		return conn, err
	}
	c := &meteredConn{Conn: conn, meter: m}
	m.conns.Store(c.LocalAddr().String(), c)
	return c, nil
}

// splitNetwork returns the network of an address of gRPC, and the address
// without its scheme.
func splitNetwork(addr string) (network, rest string) {
	if strings.HasPrefix(addr, "\x00") {
		return "unix", addr
	}
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return "unix", strings.TrimPrefix(path, "//")
	}
	return "tcp", addr
}

// HandleRPC records the progress of a call in its lifeline, if it has one. A call
// that gRPC sends again has another connection.
func (m *meter) HandleRPC(ctx context.Context, s stats.RPCStats) {
	l, ok := ctx.Value(lifelineKey{}).(*lifeline)
	if !ok {
		return
	}
	switch s := s.(type) {
	case *stats.OutHeader:
		l.sent.Store(true)
		l.token.Store(s.FullMethod == pb.Auth_Authenticate_FullMethodName)
		m.connect(l, s.LocalAddr)
	case *stats.InPayload:
		l.message.Store(true)
	case *stats.End:
		l.end(s.Error)
	}
}

// end records the end of the call, with its error or nil.
func (l *lifeline) end(err error) {
	if l.token.Swap(false) && err == nil {
		l.granted.Store(true)
	}
	if losesStream(err) {
		l.lost.Store(true)
	}
	l.failure.Store(err)
}

// connect connects l to the connection with the given local address.
func (m *meter) connect(l *lifeline, local net.Addr) {
	if local == nil {
		return
	}
	if c, ok := m.conns.Load(local.String()); ok {
		l.conn.Store(c.(*meteredConn))
	}
}

// TagRPC implements [stats.Handler].
func (m *meter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// TagConn implements [stats.Handler].
func (m *meter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements [stats.Handler].
func (m *meter) HandleConn(context.Context, stats.ConnStats) {}

// A silenceMeter measures the silence of a server in ticks, three per silence.
// It counts ticks instead of reading a clock: if this process was stopped, the
// server is not blamed.
type silenceMeter struct {
	life *lifeline
	// patience multiplies the time that a server may take for a response.
	patience int
	tokens   *tokenPatience

	responseTicks int          // ticks since the last response, or the last fragment of one
	idleTicks     int          // ticks since bytes arrived
	tokenTicks    int          // ticks since a request for a token, or 0 if there is none
	conn          *meteredConn // the connection at the last tick
	received      int64        // bytes on conn at the last tick
}

// slowTicks is the number of ticks that a response may take while its bytes
// arrive, before patience has grown. The limit ends a call on a connection on
// which only other calls get responses.
const slowTicks = 3 * auditInterval

// heard reports a response to the meter.
func (m *silenceMeter) heard() { m.responseTicks, m.idleTicks = 0, 0 }

// tick counts a tick. It reports whether the server counts as silent.
func (m *silenceMeter) tick() (silent bool) {
	if m.waitsForToken() {
		return m.tokenIsLate()
	}
	if m.life.message.Swap(false) {
		// The client joins fragments. It has no response before the last of them.
		m.heard()
	}
	m.responseTicks++
	m.idleTicks++
	c, n := m.life.received()
	if c == m.conn && n != m.received { // The bytes of another connection were for others.
		m.idleTicks = 0
	}
	m.conn, m.received = c, n
	if c == nil {
		return m.responseTicks > 3*m.patience
	}
	return m.idleTicks > 3 || m.responseTicks > slowTicks*m.patience
}

// seemsSilent reports whether the server is silent for longer than silence, by
// all that is known.
func (m *silenceMeter) seemsSilent() bool {
	return m.tokenTicks > 3 || m.responseTicks > 3 && m.idleTicks > 3
}

// nearlySilent reports whether two requests in a row have no answer, by all that
// is known.
func (m *silenceMeter) nearlySilent() bool { return m.responseTicks > 2 && m.idleTicks > 2 }

// lineWasSlow reports whether the server that was silent may have been sending:
// bytes arrived, or nothing is known of the connection.
func (m *silenceMeter) lineWasSlow() bool {
	c, _ := m.life.received()
	return m.tokenTicks == 0 && (c == nil || m.idleTicks <= 3)
}

// watchdog ticks m until the call of stop. When the server is silent or seems
// silent, it calls report on another goroutine. An error of report stops the
// watchdog, and is passed to cancel. stop waits for report, and returns false if
// cancel was called.
func (m *silenceMeter) watchdog(silence time.Duration, report func(silent bool) error, cancel context.CancelCauseFunc) (stop func() bool) {
	var mu sync.Mutex
	var timer *time.Timer
	done := false
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(silence/3, func() {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return
		}
		if silent := m.tick(); silent || m.seemsSilent() {
			if err := report(silent); err != nil {
				done = true
				cancel(err)
				return
			}
		}
		timer.Reset(silence / 3)
	})
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		first := !done
		done = true
		timer.Stop()
		return first
	}
}
