package eventtest

import (
	"runtime"

	"github.com/eventvalue/event"
)

// The tests of guarantee 7. They leave data to be read without synchronization but that
// of the subject: the race detector is what fails them. Without it they are skipped, for a
// machine is so rarely seen to reorder that they would pass almost whatever the subject does.

// handOver writes data, tells of it by tell, and reads it once told has returned, many times.
func (h *harness) handOver(tell func(Subject), told func(Subject, event.Watcher[*Item])) {
	for range min(h.rounds(), 200) {
		s := h.newSubject(h.TB)
		w := s.Watch()
		data := 0
		reader := h.do("a reader", func() {
			told(s, w)
			if h.Context().Err() == nil && data != 1 {
				h.Error("what was written before Set is not there for who has seen its effect")
			}
		})
		runtime.Gosched()
		data = 1
		tell(s)
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
				return // The value itself.
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
