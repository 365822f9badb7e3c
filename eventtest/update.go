package eventtest

import "runtime"

func updateRules() []rule {
	u := needs(canUpdate)
	return []rule{
		{name: "TrueAndWhatItPublished", test: updatePublishes, needs: u},
		{name: "FalseAndWhatItSaw", test: updateLeaves, needs: u},
		{name: "WakesParkedGet", test: updateWakes, needs: u},
		{name: "FalseWakesNobody", test: updateWakesNobody, needs: u},
		{name: "NoneIsLost", test: noUpdateIsLost, needs: u, mode: realTime},
		{name: "AgainIfOneWasFaster", test: updateAgain, needs: needs(canUpdate, NonBlockingSet, Immediate), mode: realTime},
		{name: "MayPanic", test: updateMayPanic, needs: u},
		{name: "NotAfterClose", test: noUpdateAfterClose, needs: needs(canUpdate, canClose)},
		{name: "NilFunctionPanics", test: updateOfNilPanics, needs: u},
	}
}

// to returns a function for Update that publishes the Item n.
func to(n int) func(*Item, bool) (*Item, bool) {
	return func(*Item, bool) (*Item, bool) { return &Item{N: n}, true }
}

// expect returns a function for Update that publishes nothing. It must be
// called with the Item n, or without data if n is 0.
func (h *harness) expect(n int) func(*Item, bool) (*Item, bool) {
	return func(old *Item, ok bool) (*Item, bool) {
		if ok != (n != 0) || ok && old.number() != n || !ok && old != nil {
			h.Errorf("Update calls its function with %v and %t, want item %d", old, ok, n)
		}
		return &Item{N: -1}, false
	}
}

// updates fails the test unless an Update with f returns the Item n and done.
// If n is 0, the Update must return nil.
func (h *harness) updates(f func(*Item, bool) (*Item, bool), n int, done bool) {
	h.Helper()
	h.do("Update", func() {
		item, ok := h.Update(f)
		if ok != done || (item == nil) != (n == 0) || item != nil && item.number() != n {
			h.Errorf("Update returns %s and %t, want item %d and %t", describe(item, nil), ok, n, done)
		}
	}).returns()
	if done {
		h.arrives(n)
	}
}

func updatePublishes(h *harness) {
	w := h.watch()
	h.updates(to(1), 1, true)
	h.get(w, 1)
	h.updates(h.expect(1), 1, false)
	h.updates(to(2), 2, true)
	h.get(w, 2)
	h.getWaits(w)
}

func updateLeaves(h *harness) {
	w := h.watch()
	h.updates(h.expect(0), 0, false)
	h.getWaits(w)
	h.set(1)
	h.updates(h.expect(1), 1, false)
	h.get(w, 1)
	h.updates(h.expect(1), 1, false)
	h.getWaits(w)
}

func updateWakes(h *harness) {
	w := h.watch()
	for n := 1; n < 4; n++ {
		g := h.parked(h.Context(), w)
		h.updates(to(n), n, true)
		g.gets(n)
	}
}

func updateWakesNobody(h *harness) {
	w, other := h.watch(), h.watch()
	h.set(1)
	h.get(w, 1)
	h.get(other, 1)
	g := h.parked(h.Context(), w)
	h.updates(h.expect(1), 1, false)
	g.waits()
	if !h.lacks(Changes) {
		changed := other.Changed()
		h.updates(h.expect(1), 1, false)
		h.open(changed)
	}
	h.set(2)
	g.gets(2)
}

func noUpdateIsLost(h *harness) {
	const updaters = 3
	n := h.rounds() / updaters
	h.do("Update among concurrent ones", func() {
		together(updaters, func(int) {
			for i := range n {
				h.Update(func(old *Item, ok bool) (*Item, bool) {
					if i%4 == 0 {
						runtime.Gosched()
					}
					if !ok {
						return &Item{N: 1}, true
					}
					return &Item{N: old.number() + 1}, true
				})
				h.gate.progress.Add(1)
			}
		})
	}).returns()
	h.arrives(updaters * n)
	h.get(h.watch(), updaters*n)
}

// updateAgain calls Set on another goroutine while the function of an Update
// runs. If Update held a lock around the function, Set would wait.
func updateAgain(h *harness) {
	h.set(1)
	calls := 0
	h.updates(func(old *Item, _ bool) (*Item, bool) {
		if calls++; calls == 1 {
			set := h.do("Set", func() { h.Set(&Item{N: 10}) })
			if !h.gate.await(set.done, patience) {
				h.Error("Set does not return while the function of an Update runs")
			}
		}
		return &Item{N: old.number() + 1}, true
	}, 11, true)
	if calls != 2 {
		h.Fatalf("Update calls its function %d times, want once, and once more after a Set", calls)
	}
	h.get(h.watch(), 11)
}

func updateMayPanic(h *harness) {
	w := h.watch()
	h.set(1)
	h.get(w, 1)
	if p := panics(func() { h.Update(func(*Item, bool) (*Item, bool) { panic("boom") }) }); p != "boom" {
		h.Fatalf("Update panics with %v, want what its function panics with", p)
	}
	h.getWaits(w)
	h.updates(to(2), 2, true)
	h.get(w, 2)
}

func noUpdateAfterClose(h *harness) {
	h.set(1)
	h.closeValue(nil)
	h.updates(func(*Item, bool) (*Item, bool) {
		h.Error("Update calls its function after Close")
		return nil, true
	}, 1, false)
	h.get(h.watch(), 1)
}

func updateOfNilPanics(h *harness) {
	w := h.watch()
	if panics(func() { h.Update(nil) }) == nil {
		h.Error("Update of a nil function does not panic")
	}
	h.getWaits(w)
	h.updates(to(1), 1, true)
}
