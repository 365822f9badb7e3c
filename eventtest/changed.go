package eventtest

import (
	"context"
	"errors"
	"testing"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

func changedRules() []rule {
	c := needs(Changes)
	return []rule{
		{name: "ClosedWhileSomethingIsUnseen", test: changedWhileUnseen, needs: c},
		{name: "ClosesOnSet", test: changedClosesOnSet, needs: c},
		// The rule does not hold if a goroutine closes the channel.
		{name: "BeforeSetReturns", test: changedBeforeSetReturns, needs: needs(Changes, Immediate, NoGoroutine)},
		{name: "ForManyTakers", test: changedForManyTakers, needs: c},
		{name: "OneChannelUntilItCloses", test: changedIsOneChannel, needs: c},
		{name: "ConsumesNothing", test: changedConsumesNothing, needs: c},
		{name: "OpenAfterBacklogDone", test: changedAfterBacklogDone, needs: needs(Changes, Backlog, Filters)},
		{name: "ClosedAfterRejectionAndError", test: changedAfterRejection, needs: needs(Changes, Filters)},
		{name: "DuringAGet", test: changedDuringGet, needs: c},
		{name: "ClosedByTheWatchersClose", test: changedOfClosedWatcher, needs: needs(Changes, ClosingWatchers)},
		{name: "ClosedByTheValuesEnd", test: changedOfEndedValue, needs: needs(Changes, canClose)},
		{name: "NeverLate", test: changedIsNeverLate, needs: needs(Changes, Backlog), mode: realTime},
		{name: "AllocatesNothingWhileUnseen", test: changedAllocatesNothing, needs: needs(Changes, NoAllocation), mode: noRace},
	}
}

// idle returns an open channel of Changed. w must have nothing to return.
func (h *harness) idle(w event.Watcher[*Item]) <-chan struct{} {
	h.Helper()
	changed := w.Changed()
	if h.lacks(PreciseChanges) && testkit.IsClosed(changed) {
		h.getFails(h.Context(), w, event.BacklogDone, backlog())
		changed = w.Changed()
	}
	h.open(changed)
	return changed
}

func changedWhileUnseen(h *harness) {
	w := h.watch()
	h.idle(w)
	h.set(1)
	h.closes(w.Changed())
	h.get(w, 1)
	h.idle(w)
	h.set(2)
	h.closes(w.Changed())
	h.closes(h.watch().Changed())
}

func changedClosesOnSet(h *harness) {
	w := h.watch()
	for n := range 5 {
		changed := h.idle(w)
		h.set(n)
		h.closes(changed)
		h.get(w, n)
		h.idle(w)
	}
}

func changedBeforeSetReturns(h *harness) {
	w, other := h.watch(), h.watch()
	for n := range 5 {
		changed, theirs := h.idle(w), h.idle(other)
		h.Set(&Item{N: n})
		if !testkit.IsClosed(changed) || !testkit.IsClosed(theirs) {
			h.Fatal("Set has returned and Changed is not closed")
		}
		h.get(w, n)
		h.get(other, n)
	}
}

func changedForManyTakers(h *harness) {
	var channels []<-chan struct{}
	for range many {
		channels = append(channels, h.idle(h.watch()))
	}
	h.set(1)
	for _, c := range channels {
		h.closes(c)
	}
}

func changedIsOneChannel(h *harness) {
	w := h.watch()
	for n := range 3 {
		changed := h.idle(w)
		h.getWaits(w)
		for range 3 {
			if w.Changed() != changed {
				h.Fatal("Changed returns another channel, though the first is open")
			}
		}
		h.open(changed)
		h.set(n)
		h.get(w, n)
	}
}

func changedConsumesNothing(h *harness) {
	w := h.watch()
	h.set(1)
	h.closes(w.Changed())
	h.closes(w.Changed())
	h.get(w, 1)
	changed := h.idle(w)
	h.set(2)
	h.closes(changed)
	h.closes(w.Changed())
	h.get(w, 2)
}

func changedAfterBacklogDone(h *harness) {
	w := h.watch()
	h.set(1)
	h.closes(w.Changed())
	h.getFails(h.Context(), w, event.BacklogDone, backlog(), only(9))
	changed := w.Changed()
	h.open(changed)
	h.set(2)
	h.closes(changed)
}

func changedAfterRejection(h *harness) {
	w := h.watch()
	h.set(1)
	ctx, cancel := context.WithCancel(h.Context())
	g := h.parked(ctx, w, only(9))
	cancel()
	g.fails(context.Canceled)
	h.closes(w.Changed())
	h.get(w, 1)
}

func changedDuringGet(h *harness) {
	w := h.watch()
	for n := range 3 {
		g := h.parked(h.Context(), w)
		changed := w.Changed()
		h.open(changed)
		g.waits()
		h.set(n)
		h.closes(changed)
		g.gets(n)
	}
}

func changedOfClosedWatcher(h *harness) {
	w := h.watch()
	_ = w.Close()
	h.closes(w.Changed())
	h.set(1)
	seen := h.watch()
	h.get(seen, 1)
	_ = seen.Close()
	h.closes(seen.Changed())
}

func changedOfEndedValue(h *harness) {
	w, seen := h.watch(), h.watch()
	h.set(1)
	h.get(seen, 1)
	changed := seen.Changed()
	h.open(changed)
	_ = h.Close(nil)
	h.closes(changed)
	for range 2 {
		h.closes(seen.Changed())
		h.closes(w.Changed())
		h.closes(h.watch().Changed())
		h.get(w, 1)
		h.getFails(h.Context(), w, event.ErrClosed)
		h.closes(w.Changed())
		w = h.watch()
	}
}

// changedIsNeverLate sets each value while the watchers call Changed.
func changedIsNeverLate(h *harness) {
	h.pingPong(func(ctx context.Context, w event.Watcher[*Item]) (*Item, error) {
		for {
			item, err := w.Get(ctx, backlog())
			if !errors.Is(err, event.BacklogDone) {
				return item, err
			}
			select {
			case <-w.Changed():
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	})
}

func changedAllocatesNothing(h *harness) {
	w := h.watch()
	h.set(1)
	if n := testing.AllocsPerRun(100, func() { w.Changed() }); n > 0 {
		h.Fatalf("Changed allocates %v times while something is unseen", n)
	}
}
