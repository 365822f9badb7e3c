package event

import (
	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/park"
)

// A changeSet collects the sources of a mergeWatcher that may have something new, and
// signals that there are some.
//
// Each source has a hook. While the hook is armed, a relay from the source's newest
// state fires it. A hook that fires is marked: it pushes itself on a lock-free stack
// and fires the signal. The Get in progress takes the whole stack and looks at the
// marked sources. It leaves them loose; the next wait or Changed arms them.
//
// Invariant: a marked hook is on the stack, or in the hands of a Get.
type changeSet struct {
	// marked is the top of the stack of marked hooks. Hooks are pushed by
	// compare-and-swap and taken together by exchange for nil, so that no
	// compare-and-swap can mistake one stack for another.
	marked atomic.Pointer[changeHook]

	// signal fires when a hook is marked. Only the Get in progress replaces it, and
	// only after it has fired.
	signal atomic.Pointer[park.Broadcast]
}

// A changeHook marks one source in a changeSet.
type changeHook struct {
	set   *changeSet
	index int // of the source

	// marked goes from false to true in Fire, and back when a Get takes the hook.
	marked atomic.Bool

	// below is the next hook on the stack. Fire writes it before the push.
	below *changeHook

	// relay is what fires the hook, or nil. The mergeWatcher's armMu guards it.
	relay *park.Relay
}

// Fire marks h. It implements [park.Target].
func (h *changeHook) Fire() {
	if !h.marked.CompareAndSwap(false, true) {
		return // by chance: it was marked already
	}
	for {
		top := h.set.marked.Load()
		h.below = top
		if h.set.marked.CompareAndSwap(top, h) {
			break
		}
	}
	// Mark, then fire. A waiter loads the signal and then checks marked: it finds h,
	// or waits on a signal that is fired here.
	h.set.signal.Load().Fire()
}

// take returns the stack of marked hooks, which is empty then. Only the Get in
// progress calls it.
func (s *changeSet) take() *changeHook { return s.marked.Swap(nil) }

// renew replaces the signal if it has fired. Only the Get in progress calls it, after
// take.
//
// A hook that is marked between take and renew fires the old signal. A goroutine that
// waits on the signal therefore loads it and then checks marked.
func (s *changeSet) renew() {
	if s.signal.Load().Fired() {
		s.signal.Store(new(park.Broadcast))
	}
}

// unmark makes h ready to be marked again, and returns the hook below it on the stack
// that the caller has taken.
func (h *changeHook) unmark() (below *changeHook) {
	below = h.below
	h.below = nil
	h.marked.Store(false)
	return below
}

// fire fires the signal.
func (s *changeSet) fire() { s.signal.Load().Fire() }
