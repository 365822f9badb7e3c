package park

import (
	"math"
	"sync"

	"go.uber.org/atomic"
)

// A Target can be fired by a Relay: a Broadcast, for example.
type Target interface {
	// Fire is called at least once when the Relay's Broadcast fires, perhaps
	// concurrently. It must not block.
	Fire()
}

// A Relay makes the firing of a Broadcast fire a Target. Several Relays to one
// Broadcast, which can be waited for like any other, wait for several Broadcasts
// together.
//
// [Broadcast.Relay] makes a Relay. Stop may be called concurrently.
type Relay struct {
	relays *relays
	to     Target // nil once Fire has served it; only Fire uses it

	// next is the Relay behind this one. The holder of the list's mutex writes it;
	// Fire reads it without the mutex. A stopped Relay keeps its next, because Fire
	// may be visiting it.
	next atomic.Pointer[Relay]

	// prev and stopped are guarded by the list's mutex.
	prev    *Relay
	stopped bool
}

// A relays is the list of a Broadcast's Relays.
type relays struct {
	mu    sync.Mutex // for Relay and Stop; Fire does not take it
	first atomic.Pointer[Relay]
}

// Relay makes the first Fire of b fire to. If b has fired already, Relay fires to
// before it returns. If b has at most [Inline] Relays, the Fire of b fires to
// before it returns, and otherwise soon after. b refers to the Relay until
// [Relay.Stop] or until b has fired, and the Relay refers to its Target and to b's
// other Relays.
//
// The first Fire of b synchronizes before the Fire of to that it causes.
//
// Fire follows Relays recursively: Broadcasts must not form a circle, nor a long
// path.
//
// Cost: Relay and Stop take a mutex that b's Relays share, for some instructions.
func (b *Broadcast) Relay(to Target) *Relay {
	s := b.sharedState(false)
	if s == nil {
		to.Fire()
		return &Relay{to: to, stopped: true}
	}
	r := &Relay{relays: &s.relays, to: to}
	r.relays.add(r)
	// Add r, then check b. Fire seals, and then visits the list. The reverse order
	// would lose a Fire that comes between the check and the addition.
	if b.Fired() {
		to.Fire()
		r.Stop() // Fire may have visited the list before r was added.
	}
	return r
}

// add puts r at the head of l.
func (l *relays) add(r *Relay) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.first.Load()
	r.next.Store(first)
	if first != nil {
		first.prev = r
	}
	l.first.Store(r)
}

// Stop undoes the Relay. If its Broadcast is just firing, the Relay may still fire
// its Target. Stop may be called more than once.
func (r *Relay) Stop() {
	if r.relays == nil {
		return
	}
	r.relays.mu.Lock()
	defer r.relays.mu.Unlock()
	if r.stopped {
		return
	}
	r.stopped = true
	next := r.next.Load()
	if next != nil {
		next.prev = r.prev
	}
	if r.prev != nil {
		r.prev.next.Store(next)
	} else {
		r.relays.first.Store(next)
	}
	r.prev = nil
}

// handedOff is the number of goroutines that serve Relays. Fire adds one before it
// starts such a goroutine, which subtracts one when it has served its Relays.
var handedOff atomic.Int32

// RelaysPending reports whether there may be a Relay whose Broadcast has fired,
// although its Target has not. It reports false only if there was none at some
// instant of the call, counting the Broadcasts whose Fire has returned.
func RelaysPending() bool { return handedOff.Load() != 0 }

// fire serves the first Inline Relays itself and leaves the others to a goroutine.
func (l *relays) fire() {
	if rest := l.first.Load().fire(Inline); rest != nil {
		handedOff.Inc()
		go rest.fireAll()
	}
}

// fireAll serves all Relays from r on.
func (r *Relay) fireAll() {
	defer handedOff.Dec()
	r.fire(math.MaxInt)
}

// fire fires the targets of at most limit Relays, from r on, and returns the Relay
// at which it stopped. It may visit Relays that are stopped concurrently. It
// misses no Relay that was added before it began and is not stopped, because a
// stopped Relay still leads to those behind it.
func (r *Relay) fire(limit int) *Relay {
	for ; r != nil && limit > 0; limit-- {
		to := r.to
		// The shared state keeps the list until the last waiter has let go of it. The
		// Targets are not to be kept.
		r.to = nil
		to.Fire()
		r = r.next.Load()
	}
	return r
}
