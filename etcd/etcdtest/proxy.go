package etcdtest

import (
	"errors"
	"net"
	"sync"
	"time"
)

// A Proxy passes TCP connections on to a target, which may change, and does to them what
// networks do. Its own address stays. Close it. Its methods may be called concurrently.
//
// These are the states of a connection, and there is no way back from dead:
//
//	passing ──Hold──▶ held ──Heal──▶ passing
//	passing, held ──Forget──▶ dead
//	any ──Cut, Close──▶ closed
type Proxy struct {
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	change sync.Cond // of anything below
	target string    // empty: nowhere
	mode   mode
	conns  map[*conn]struct{}
}

// A mode is what a Proxy does.
type mode int

const (
	passing mode = iota
	holding      // nothing passes, neither bytes nor the end of a connection
	cut          // there are no connections
	closed
)

// A conn is a connection that is passed on.
type conn struct {
	client, server net.Conn
	dead           bool // forgotten: nothing passes any more
}

// NewProxy starts a proxy on loopback before the target, a host and port. With an empty target
// it accepts connections and closes them.
func NewProxy(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, conns: map[*conn]struct{}{}}
	p.change.L = &p.mu
	p.running.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens: host and port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Retarget makes new connections go to target. Those that there are stay.
func (p *Proxy) Retarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Hold lets nothing pass until Heal, not even the end of a connection, and tells nobody. What is
// sent is passed on afterwards. So do members that are paused, and networks that are partitioned.
func (p *Proxy) Hold() { p.set(holding, nil) }

// Forget makes the present connections half-open for ever: both ends believe that they
// are there, and nothing passes. New ones pass, unless Hold is in force. So do firewalls that were restarted.
func (p *Proxy) Forget() {
	p.set(passing, func(c *conn) { c.dead = true })
}

// Cut closes the present connections, and new ones at once, until Heal.
func (p *Proxy) Cut() { p.set(cut, (*conn).close) }

// Heal lets everything pass that still can.
func (p *Proxy) Heal() { p.set(passing, nil) }

// Conns returns the number of connections, held and forgotten ones included.
func (p *Proxy) Conns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// Close closes all connections and the proxy. It returns when all has ended.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.set(closed, (*conn).close)
	p.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// set changes the mode and does to all connections what is to be done.
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
	p.change.Broadcast()
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

// serve passes on one connection.
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

// open connects to the target, or returns nil. While the proxy holds, it waits: the system has
// accepted the connection, and its client learns no more.
func (p *Proxy) open(client net.Conn) *conn {
	p.mu.Lock()
	for p.mode == holding {
		p.change.Wait()
	}
	target, m := p.target, p.mode
	p.mu.Unlock()
	if m != passing || target == "" {
		return nil
	}
	server, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		return nil
	}
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

// copy passes on bytes until one side ends, and then that end.
func (p *Proxy) copy(c *conn, to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.await(c)
		if n > 0 {
			if _, werr := to.Write(buf[:n]); err == nil {
				err = werr
			}
		}
		if err != nil {
			// Both: that one direction is closed and not the other does not occur here.
			c.close()
			return
		}
	}
}

// await returns when something may pass on c, or c is closed.
func (p *Proxy) await(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.mode == holding || c.dead && p.mode == passing {
		p.change.Wait()
	}
}

func (c *conn) close() {
	_ = c.client.Close()
	_ = c.server.Close()
}
