package notify

import (
	"context"
	"maps"
	"sync"

	"go.uber.org/atomic"
)

// Contexts lets Waiters that wait under the same contexts share their registrations: a
// context then knows one of them and not each Waiter, and when it ends, one goroutine wakes
// them all. It is for whoever has many Waiters: pass the same Contexts to each [Waiter.Park].
//
// The zero Contexts is ready. It must not be copied after first use, and may be used
// concurrently. It keeps the Waiters that are registered, until they are closed, wait under or
// [Waiter.Forget] for another context, or theirs ends. Of the contexts with one Done channel it keeps
// the one that was registered first, as long as a Waiter is registered under that channel.
type Contexts struct {
	mu     sync.Mutex // guards groups and what hangs on them; never held during a call out
	groups map[<-chan struct{}]*group
	most   int // how many groups there have been at once since the map was made
}

// A group is the Waiters that are registered with one context.
type group struct {
	contexts *Contexts
	ended    <-chan struct{} // the context's Done channel, by which contexts are told apart
	stop     func() bool     // makes the context forget the group
	first    *registration

	// over: the context has ended, or the last member left. It goes from false to true, under
	// the mutex. A Waiter looks at it without, once it has made its registration known.
	over atomic.Bool
}

// A registration makes the end of a context wake the Waiter.
type registration struct {
	waiter     *Waiter
	group      *group
	prev, next *registration
}

// register makes the end of ctx wake w, until leave. Late is a group that the context knows and that nobody
// is in, since somebody was faster, or nil: the caller stops it.
func (c *Contexts) register(ctx context.Context, ended <-chan struct{}, w *Waiter) (r *registration, late *group) {
	r = &registration{waiter: w}
	if !c.join(r, ended, nil) {
		g := &group{contexts: c, ended: ended}
		g.stop = afterFunc(ctx, g.end) // This calls foreign code: it may do anything.
		c.join(r, ended, g)
		if r.group != g {
			late = g
		}
	}
	w.registration.Store(r)
	return r, late
}

// join makes r a member of the group of the given context, or, if there is none, of g, which
// becomes that. It reports false if there is none and g is nil.
func (c *Contexts) join(r *registration, ended <-chan struct{}, g *group) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if there := c.groups[ended]; there != nil {
		g = there
	}
	if g == nil {
		return false
	}
	if c.groups == nil {
		c.groups = make(map[<-chan struct{}]*group)
	}
	r.group = g
	if g.over.Load() {
		return true // The context has ended, or is about to say so, or the last of the others leaves: w looks again.
	}
	c.groups[ended] = g
	c.most = max(c.most, len(c.groups))
	r.next = g.first
	if r.next != nil {
		r.next.prev = r
	}
	g.first = r
	return true
}

// end wakes all members of g, whose context has ended. They do not know each other any more.
func (g *group) end() {
	g.contexts.mu.Lock()
	g.close()
	r := g.first
	g.first = nil
	g.contexts.mu.Unlock()
	for r != nil {
		next := r.next
		r.prev, r.next = nil, nil
		// In this order: a waiter that finds itself registered does not ask the context.
		r.waiter.registration.CompareAndSwap(r, nil)
		r.waiter.interrupt()
		r = next
	}
}

// close makes g over. The caller holds the mutex.
func (g *group) close() {
	g.over.Store(true)
	c := g.contexts
	if c.groups[g.ended] != g {
		return
	}
	delete(c.groups, g.ended)
	if n := len(c.groups); n < c.most/4 && c.most > minSweep { // A map never shrinks.
		c.groups = maps.Collect(maps.All(c.groups))
		c.most = n
	}
}

// leave undoes register. It takes the mutex of r's Contexts. If r was the last
// member of its group, leave also makes the context forget the group, without
// the mutex: that is a call of foreign code.
func (r *registration) leave() {
	c := r.group.contexts
	c.mu.Lock()
	over := r.group.without(r)
	c.mu.Unlock()
	if over {
		r.group.stop()
	}
}

// without takes r out of g and reports whether that was its end. The caller holds the mutex.
func (g *group) without(r *registration) bool {
	if g.over.Load() {
		return false
	}
	r.unlink()
	if g.first != nil {
		return false
	}
	g.close()
	return true
}

// unlink takes r off the list of its group. The caller holds the mutex.
func (r *registration) unlink() {
	if r.prev != nil {
		r.prev.next = r.next
	} else {
		r.group.first = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	}
	r.prev, r.next = nil, nil
}
