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
// [Waiter.Forget] for another context, or theirs ends; and of the contexts nothing but what ends them.
type Contexts struct {
	mu     sync.Mutex // guards groups and what hangs on them; never held during a call out
	groups map[<-chan struct{}]*group
	most   int // how many groups there have been at once since the map was made

	// leaving is a stack of those who are to be taken out of their groups: pushed to by
	// leave, and taken whole by settle.
	leaving atomic.Pointer[leaver]
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

// A leaver is one who could not be taken out at once.
type leaver struct {
	who   *registration
	below *leaver
}

// register makes the end of ctx wake w, until leave. Late is a group that the context knows and that nobody
// is in, since somebody was faster, or nil: the caller stops it.
func (c *Contexts) register(ctx context.Context, ended <-chan struct{}, w *Waiter) (r *registration, late *group) {
	r = &registration{waiter: w}
	if !c.join(r, ended, nil) {
		g := &group{contexts: c, ended: ended}
		g.stop = afterEnd(ctx, ended, g.end) // A call to who made ctx: it may do anything.
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
	defer c.settle()
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
	defer g.contexts.settle() // After its own have been woken.
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

// leave undoes register. It waits for no mutex of this package, for the sake of a Get that need not
// wait: if the mutex is held, its holder does the rest.
func (r *registration) leave() {
	c := r.group.contexts
	defer c.settle() // Also if stop panics, which may do anything.
	if c.mu.TryLock() {
		over := r.group.without(r)
		c.mu.Unlock()
		if over {
			r.group.stop() // A call to who made the context.
		}
	} else {
		l := &leaver{who: r}
		for l.below = c.leaving.Load(); !c.leaving.CompareAndSwap(l.below, l); {
			l.below = c.leaving.Load() // by chance: two leave at once while the mutex is held
		}
	}
}

// settle takes those out of their groups who are leaving. Whoever has held the mutex calls it
// after that, and so does whoever finds it held, after having said that he leaves: its holder
// comes here later, and finds him.
func (c *Contexts) settle() {
	for c.leaving.Load() != nil && c.mu.TryLock() {
		for l := c.leaving.Swap(nil); l != nil; l = l.below {
			if g := l.who.group; g.without(l.who) {
				// A call to who made the context, which whoever comes by here may never have met. It is left
				// to another goroutine: it may wait for what this one holds.
				go g.forget()
			}
		}
		c.mu.Unlock()
	}
}

// forget makes the context forget g.
func (g *group) forget() { g.stop() }

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
