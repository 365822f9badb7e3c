package simulation

import (
	"context"
	"slices"
	"time"
)

// frameSize is the greatest number of bytes of one answer that a line carries
// before it carries bytes of others.
const frameSize = 16 << 10

// keepAlive is the time after which the client closes a half-open line, as
// etcd.ClientConfig sets it.
const keepAlive = 13 * time.Second

// A conn is a connection between the client and a member. The mutex of its world
// guards it.
type conn struct {
	w       *world
	m       *member
	dead    chan struct{} // closed when the connection is lost
	isDead  bool
	metered func(context.Context)        // connects the lifeline of a call; may be nil
	count   func(int64)                  // counts bytes that have arrived; may be nil
	ended   func(context.Context, error) // records the end of a call; may be nil
	flows   []*flow                      // those that have messages to send, in turn
	wake    chan struct{}
}

// A flow is the answers to one call, in their order.
type flow struct {
	messages []message
	queued   bool
	ended    bool
}

// A message is an answer on its way. deliver is called when its last byte has
// arrived, with the mutex of the world held.
type message struct {
	size    int
	deliver func()
}

// send sends an answer.
func (c *conn) send(f *flow, size int, deliver func()) {
	switch {
	case c.isDead || f.ended:
		return
	case c.m.rate() == 0 && c.m.pauses == 0 && len(c.flows) == 0:
		c.arrive(size)
		deliver()
		return
	}
	f.messages = append(f.messages, message{size, deliver})
	if !f.queued {
		f.queued = true
		c.flows = append(c.flows, f)
	}
	signal(c.wake)
}

// arrive counts n bytes that have arrived.
func (c *conn) arrive(n int) {
	c.w.sent += int64(n)
	if c.count != nil {
		c.count(int64(n))
	}
}

// end drops what is left of a flow.
func (c *conn) end(f *flow) {
	f.ended, f.messages = true, nil
	c.flows = slices.DeleteFunc(c.flows, func(o *flow) bool { return o == f })
}

// pump carries answers until the connection is lost.
func (c *conn) pump() {
	for {
		c.w.mu.Lock()
		var f *flow
		if len(c.flows) > 0 && c.m.pauses == 0 {
			f = c.flows[0]
			c.flows = append(c.flows[1:], f) // The other flows are next.
		}
		if f == nil {
			c.w.mu.Unlock()
			select {
			case <-c.wake:
				continue
			case <-c.dead:
				return
			}
		}
		frame := min(frameSize, f.messages[0].size)
		rate := c.m.rate()
		c.w.mu.Unlock()
		if rate > 0 && !c.w.sleep(time.Duration(frame)*time.Second/time.Duration(rate), c.dead) {
			return
		}
		c.w.mu.Lock()
		c.carry(f, frame)
		c.w.mu.Unlock()
	}
}

// carry lets n bytes of a flow arrive.
func (c *conn) carry(f *flow, n int) {
	c.arrive(n)
	if c.isDead || f.ended {
		return
	}
	if f.messages[0].size -= n; f.messages[0].size > 0 {
		return
	}
	deliver := f.messages[0].deliver
	f.messages = f.messages[1:]
	if len(f.messages) == 0 {
		f.queued = false
		c.flows = slices.DeleteFunc(c.flows, func(o *flow) bool { return o == f })
	}
	deliver()
}

// request waits until a request that the client sends now has arrived. It
// returns false if the connection is lost or ctx ends first.
func (c *conn) request(ctx context.Context) bool {
	if c.w.latency > 0 && !c.w.sleep(c.w.latency, c.dead) {
		return false
	}
	for {
		c.w.mu.Lock()
		paused, changed := c.m.pauses > 0, c.m.changed
		c.w.mu.Unlock()
		if !paused {
			return ctx.Err() == nil
		}
		select {
		case <-changed:
		case <-c.dead:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// signal makes a receive from a channel of capacity 1 return.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
