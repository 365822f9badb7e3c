package etcdtest

import (
	"errors"
	"net"
	"sync"
	"time"
)

// A Proxy forwards TCP connections to a target, and simulates network faults.
// The target may change; the proxy's own address stays. Close a Proxy after
// use. Its methods may be called concurrently.
//
// A connection has one of these states. A dead connection can only be closed:
//
//	passing ──Hold──▶ held ──Heal──▶ passing
//	passing ──Mute──▶ muted ──Heal──▶ passing
//	passing, held, muted ──Forget──▶ dead
//	any ──Cut, Close──▶ closed
type Proxy struct {
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	changed sync.Cond // signals a change of the fields below
	target  string    // empty for none
	rate    int       // bytes per second to the client, or 0 for no limit
	sent    int64     // bytes to clients
	mode    mode
	conns   map[*conn]struct{}
}

// A mode is the treatment of connections by a Proxy.
type mode int

const (
	passing mode = iota
	holding      // neither bytes nor the end of a connection pass
	muting       // the same to clients only
	cut          // connections are closed
	closed
)

// A conn is a forwarded connection.
type conn struct {
	client, server net.Conn
	dead           bool // by Forget: nothing passes any more
}

// NewProxy starts a proxy on loopback before target, a host and port. If target
// is empty, the proxy closes every connection that it accepts.
func NewProxy(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, conns: map[*conn]struct{}{}}
	p.changed.L = &p.mu
	p.running.Go(p.accept)
	return p, nil
}

// Addr returns the host and port on which the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Retarget makes new connections go to target. Existing connections stay.
func (p *Proxy) Retarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Hold lets nothing pass until Heal, not even the end of a connection, and
// neither end is notified. What is sent in the meantime passes after Heal. It
// simulates a paused member or a partitioned network.
func (p *Proxy) Hold() { p.set(holding, nil) }

// Mute lets nothing pass to clients until Heal. What clients send passes. It
// simulates lost answers: a server processes a request, and its response does
// not arrive.
func (p *Proxy) Mute() { p.set(muting, nil) }

// Forget makes the present connections permanently half-open: nothing passes,
// and neither end is notified. It ends a Hold, so new connections pass. It
// simulates a restarted firewall.
func (p *Proxy) Forget() {
	p.set(passing, func(c *conn) { c.dead = true })
}

// Cut closes the present connections, and new ones at once, until Heal.
func (p *Proxy) Cut() { p.set(cut, (*conn).close) }

// Heal lets all connections pass, except dead ones.
func (p *Proxy) Heal() { p.set(passing, nil) }

// Limit makes at most rate bytes per second pass to the clients, on each
// connection. It simulates a slow line. With rate 0 there is no limit. Small
// buffers hold what waits, so that a client that closes a stream soon gets
// other data.
func (p *Proxy) Limit(rate int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// Sent returns the number of bytes that have passed to clients.
func (p *Proxy) Sent() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent
}

// Conns returns the number of connections, including held and dead ones.
func (p *Proxy) Conns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// Close closes the proxy and all connections, and waits for its goroutines.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.set(closed, (*conn).close)
	p.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// set changes the mode, and calls do for each connection.
func (p *Proxy) set(m mode, do func(*conn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode != closed {
		p.mode = m
	}
	if do != nil {
		for c := range p.conns {
			do(c)
		}
	}
	p.changed.Broadcast()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.running.Go(func() { p.serve(client) })
	}
}

// serve forwards one connection.
func (p *Proxy) serve(client net.Conn) {
	c := p.open(client)
	if c == nil {
		_ = client.Close()
		return
	}
	var back sync.WaitGroup
	back.Go(func() { p.copy(c, c.client, c.server) })
	p.copy(c, c.server, c.client)
	back.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	c.close()
}

// open connects to the target, or returns nil. While the proxy holds, open
// waits. The system has accepted the connection by then, so its client notices
// nothing.
func (p *Proxy) open(client net.Conn) *conn {
	p.mu.Lock()
	for p.mode == holding {
		p.changed.Wait()
	}
	target, m := p.target, p.mode
	p.mu.Unlock()
	if m == cut || m == closed || target == "" {
		return nil
	}
	server, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		return nil
	}
	shrink(client, (*net.TCPConn).SetWriteBuffer)
	shrink(server, (*net.TCPConn).SetReadBuffer)
	c := &conn{client: client, server: server}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == cut || p.mode == closed {
		c.close()
		return nil
	}
	p.conns[c] = struct{}{}
	return c
}

// copy forwards bytes until one side ends, and then closes the connection.
func (p *Proxy) copy(c *conn, to, from net.Conn) {
	buf := make([]byte, 8<<10)
	for {
		n, err := from.Read(buf)
		p.await(c, to)
		if n > 0 {
			p.pace(c, to, n)
			if _, werr := to.Write(buf[:n]); err == nil {
				err = werr
			}
		}
		if err != nil {
			// Close both directions. No connection here closes only one of them.
			c.close()
			return
		}
	}
}

// pace counts n bytes to the client, and waits as long as the limit says.
func (p *Proxy) pace(c *conn, to net.Conn, n int) {
	if to != c.client {
		return
	}
	p.mu.Lock()
	p.sent += int64(n)
	rate := p.rate
	p.mu.Unlock()
	if rate > 0 {
		time.Sleep(time.Duration(n) * time.Second / time.Duration(rate))
	}
}

// proxyBuffer is the size of the socket buffers on the way to the client.
const proxyBuffer = 32 << 10

// shrink sets a buffer size of c to proxyBuffer.
func shrink(c net.Conn, set func(*net.TCPConn, int) error) {
	if c, ok := c.(*net.TCPConn); ok {
		_ = set(c, proxyBuffer) // A failure makes the simulation less exact.
	}
}

// await waits until bytes may pass on c to one of its ends, or c is closed.
func (p *Proxy) await(c *conn, to net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.mode == holding || p.mode == muting && to == c.client || c.dead && p.mode != cut && p.mode != closed {
		p.changed.Wait()
	}
}

func (c *conn) close() {
	_ = c.client.Close()
	_ = c.server.Close()
}
