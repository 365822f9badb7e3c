package park

import (
	"context"
	"maps"
	"sync"

	"go.uber.org/atomic"
)

// Contexts lets Waiters that wait under the same contexts share their
// registrations: each context refers to one group instead of to each Waiter, and
// when it ends, one goroutine wakes the group. Pass the same Contexts to each
// [Waiter.Park].
//
// The zero Contexts is ready. It must not be copied after first use, and may be
// used concurrently. A Waiter stays registered until it is closed, waits under
// another context, calls [Waiter.UnregisterElsewhere] for another context, or its
// context ends. Of the contexts with one Done channel, the one that was registered
// first is kept while a Waiter is registered under that channel.
type Contexts struct {
	mu     sync.Mutex // guards groups and their lists; not held during foreign calls
	groups map[<-chan struct{}]*group
	peak   int // the largest number of groups since the map was made
}

// A group is the Waiters that are registered with one context.
type group struct {
	contexts *Contexts
	done     <-chan struct{} // the context's Done channel, which identifies it
	stop     func() bool     // unregisters the group from the context
	first    *registration

	// closed reports that the context has ended, or that the last member has left.
	// It goes from false to true, under the mutex. A Waiter loads it without the
	// mutex, after it has published its registration.
	closed atomic.Bool
}

// A registration makes the end of a context wake a Waiter.
type registration struct {
	waiter     *Waiter
	group      *group
	prev, next *registration
}

// register makes the end of ctx wake w. If another goroutine registered a group
// for ctx first, the group that register has made in vain is returned as late; the
// caller stops it.
func (c *Contexts) register(ctx context.Context, done <-chan struct{}, w *Waiter) (r *registration, late *group) {
	r = &registration{waiter: w}
	if !c.join(r, done, nil) {
		g := &group{contexts: c, done: done}
		g.stop = afterFunc(ctx, g.wake) // This calls foreign code: it may do anything.
		c.join(r, done, g)
		if r.group != g {
			late = g
		}
	}
	w.registration.Store(r)
	return r, late
}

// join makes r a member of the group for done. If there is none, g becomes that
// group; join reports false if g is nil then.
func (c *Contexts) join(r *registration, done <-chan struct{}, g *group) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if existing := c.groups[done]; existing != nil {
		g = existing
	}
	if g == nil {
		return false
	}
	if c.groups == nil {
		c.groups = make(map[<-chan struct{}]*group)
	}
	r.group = g
	if g.closed.Load() {
		return true // The context has ended, or is about to. The Waiter checks closed.
	}
	c.groups[done] = g
	c.peak = max(c.peak, len(c.groups))
	r.next = g.first
	if r.next != nil {
		r.next.prev = r
	}
	g.first = r
	return true
}

// wake wakes all members of g, whose context has ended. It unlinks them: a Waiter
// must not keep the other members alive.
func (g *group) wake() {
	g.contexts.mu.Lock()
	g.close()
	r := g.first
	g.first = nil
	g.contexts.mu.Unlock()
	for r != nil {
		next := r.next
		r.prev, r.next = nil, nil
		// Remove the registration, then wake. A waiter that finds itself registered
		// does not check the context.
		r.waiter.registration.CompareAndSwap(r, nil)
		r.waiter.interrupt()
		r = next
	}
}

// close closes g. The caller holds the mutex.
func (g *group) close() {
	g.closed.Store(true)
	c := g.contexts
	if c.groups[g.done] != g {
		return
	}
	delete(c.groups, g.done)
	if n := len(c.groups); n < c.peak/4 && c.peak > minSweep { // A map never shrinks.
		c.groups = maps.Collect(maps.All(c.groups))
		c.peak = n
	}
}

// leave undoes register. It takes the mutex. If r was the last member of its
// group, leave then unregisters the group from the context, which calls foreign
// code.
func (r *registration) leave() {
	c := r.group.contexts
	c.mu.Lock()
	emptied := r.group.remove(r)
	c.mu.Unlock()
	if emptied {
		r.group.stop()
	}
}

// remove takes r out of g, and closes g if r was its last member. It reports
// whether it did. The caller holds the mutex.
func (g *group) remove(r *registration) (emptied bool) {
	if g.closed.Load() {
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
