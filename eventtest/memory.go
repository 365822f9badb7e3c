package eventtest

import (
	"runtime"

	"github.com/eventvalue/event"
)

// This file has the tests of guarantee 7. They write data on one goroutine and
// read it on another one. Only the subject synchronizes the goroutines, and the
// race detector fails the test if it does not. Without the race detector, the
// tests are skipped: machines reorder so rarely that a broken subject would
// pass.

// handOver writes data before it calls publish. On another goroutine, it reads
// the data after observe has returned. It repeats that many times.
func (h *harness) handOver(publish func(Subject), observe func(Subject, event.Watcher[*Item])) {
	for range min(h.rounds(), 200) {
		s := h.newSubject(h.TB)
		w := s.Watch()
		data := 0
		reader := h.do("a reader", func() {
			observe(s, w)
			if h.Context().Err() == nil && data != 1 {
				h.Error("a write before Set is not visible to a goroutine that has seen the effect of the Set")
			}
		})
		runtime.Gosched()
		data = 1
		publish(s)
		reader.returns()
		_ = w.Close()
	}
}

func setOne(s Subject) { s.Set(&Item{N: 1}) }

func memoryOfGet(h *harness) {
	h.handOver(setOne, func(_ Subject, w event.Watcher[*Item]) {
		_, _ = w.Get(h.Context())
	})
}

func memoryOfLoad(h *harness) {
	h.handOver(setOne, func(s Subject, _ event.Watcher[*Item]) {
		for h.Context().Err() == nil {
			if _, ok := s.Load(); ok {
				return
			}
			runtime.Gosched()
		}
	})
}

func memoryOfUpdate(h *harness) {
	h.handOver(setOne, func(s Subject, _ event.Watcher[*Item]) {
		for set := false; !set && h.Context().Err() == nil; runtime.Gosched() {
			s.Update(func(_ *Item, ok bool) (*Item, bool) {
				set = ok
				return nil, false
			})
		}
	})
}

func memoryOfChanged(h *harness) {
	h.handOver(setOne, func(_ Subject, w event.Watcher[*Item]) {
		if h.lacks(PreciseChanges) && !h.lacks(Backlog) {
			if _, err := w.Get(h.Context(), backlog()); err == nil {
				return // Get has returned the value.
			}
		}
		select {
		case <-w.Changed():
		case <-h.Context().Done():
		}
	})
}

func memoryOfClose(h *harness) {
	h.handOver(func(s Subject) { _ = s.Close(nil) }, func(_ Subject, w event.Watcher[*Item]) {
		_, _ = w.Get(h.Context())
	})
}
