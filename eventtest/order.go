package eventtest

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/eventvalue/event"
)

// This file has the tests of guarantees 2 to 4 that depend on schedules.

// produce sets the Items 1 to n, at a pace that readers can roughly follow.
func (h *harness) produce(n int) {
	for i := 1; i <= n; i++ {
		h.Set(&Item{N: i})
		h.pace(i)
	}
}

// pace is called after Set number i. After every third Set it yields to the
// readers, because otherwise all values could be set before the first read. It
// does not wait for slow readers.
func (h *harness) pace(i int) {
	h.gate.progress.Add(1)
	if i%3 != 0 {
		return
	}
	enough := h.reads.Load() + 4
	for range 1000 {
		if h.reads.Load() >= enough {
			return
		}
		runtime.Gosched()
	}
}

// together calls f n times concurrently.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			f(i)
		})
	}
	done.Wait()
}

func strictlyForward(h *harness) {
	n := h.rounds()
	var calls []*call
	for range 4 {
		w := h.watch()
		calls = append(calls, h.do("a watcher that waits for the last value", func() {
			for last := 0; last < n; {
				item, err := w.Get(h.Context())
				if err != nil || item.number() <= last {
					h.Errorf("Get returns %s after item %d", describe(item, err), last)
					return
				}
				last = item.number()
				h.reads.Add(1)
			}
		}))
	}
	calls = append(calls, h.do("Set", func() { h.produce(n) }))
	for _, c := range calls {
		c.returns()
	}
}

// sameOrderForAll uses several producers, so the order of the values is
// unknown. There must be one order for all watchers.
func sameOrderForAll(h *harness) {
	const producers = 3
	n := h.rounds() / producers
	last := producers * n
	seen := make([][]int, 4)
	var watchers []*call
	for i := range seen {
		w := h.watch()
		watchers = append(watchers, h.do("a watcher that waits for the last value", func() {
			for {
				item, err := w.Get(h.Context())
				if err != nil || item.number() < 0 || item.number() > last {
					h.Errorf("Get returns %s, which was not set", describe(item, err))
					return
				}
				seen[i] = append(seen[i], item.number())
				h.reads.Add(1)
				if item.number() == last {
					return
				}
			}
		}))
	}
	h.do("Set", func() {
		together(producers, func(p int) {
			for i := p; i < last; i += producers {
				h.Set(&Item{N: i})
				h.pace(i / producers)
			}
		})
	}).returns()
	h.Set(&Item{N: last})
	for _, c := range watchers {
		c.returns()
	}
	if !inOneOrder(seen, last+1) {
		h.Error("there is no order of the values in which all watchers saw them")
	}
}

// inOneOrder reports whether all sequences are subsequences of one sequence
// without repetitions. All numbers are below n. It checks that the relation
// "comes before" has no cycle.
func inOneOrder(sequences [][]int, n int) bool {
	after, pending := make([][]int, n), make([]int, n)
	for _, s := range sequences {
		for i := 1; i < len(s); i++ {
			after[s[i-1]] = append(after[s[i-1]], s[i])
			pending[s[i]]++
		}
	}
	var free []int
	for i := range pending {
		if pending[i] == 0 {
			free = append(free, i)
		}
	}
	ordered := 0
	for ; len(free) > 0; ordered++ {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		for _, next := range after[i] {
			if pending[next]--; pending[next] == 0 {
				free = append(free, next)
			}
		}
	}
	return ordered == n
}

// noReaderGoesBack checks that no reader sees a value older than a value that
// some reader had seen before the read began.
func noReaderGoesBack(h *harness) {
	n := h.rounds()
	var newest atomic.Int64
	reader := func(read func() (*Item, error)) *call {
		return h.do("a reader that waits for the last value", func() {
			for {
				before := newest.Load()
				item, err := read()
				if err != nil || int64(item.number()) < before {
					h.Errorf("a reader gets %s when item %d has been seen", describe(item, err), before)
					return
				}
				for old := newest.Load(); old < int64(item.number()) && !newest.CompareAndSwap(old, int64(item.number())); {
					old = newest.Load()
				}
				if item.number() == n {
					return
				}
				h.reads.Add(1)
				runtime.Gosched()
			}
		})
	}
	h.set(1)
	kept := h.watch()
	readers := []*call{
		reader(func() (*Item, error) { return kept.Get(h.Context()) }),
		reader(func() (*Item, error) { return getOnce(h.Context(), h.Watch()) }),
		reader(func() (*Item, error) { return getOnce(h.Context(), h.Watch()) }),
	}
	if h.Load != nil {
		readers = append(readers, reader(func() (*Item, error) {
			item, _ := h.Load()
			return item, nil
		}))
	}
	h.do("Set", func() { h.produce(n) }).returns()
	for _, c := range readers {
		c.returns()
	}
}

func getOnce(ctx context.Context, w event.Watcher[*Item]) (*Item, error) {
	defer w.Close()
	return w.Get(ctx)
}

// newestDuringTheCall records before each Get the last Set that has returned,
// and after the Get the last Set that has begun. The Get must return neither an
// older nor a newer value.
func newestDuringTheCall(h *harness) {
	n := h.rounds()
	var begun, done atomic.Int64
	reader := func(get func() (*Item, error)) *call {
		return h.do("a reader that waits for the last value", func() {
			for last := 0; last < n; {
				before := done.Load()
				item, err := get()
				after := begun.Load()
				if err != nil || int64(item.number()) < before || int64(item.number()) > after {
					h.Errorf("Get returns %s where the newest was one of %d to %d",
						describe(item, err), before, after)
					return
				}
				last = item.number()
				h.reads.Add(1)
				runtime.Gosched() // A reader that never waits leaves the others no time.
			}
		})
	}
	kept := h.watch()
	readers := []*call{
		reader(func() (*Item, error) { return kept.Get(h.Context()) }),
		reader(func() (*Item, error) { return getOnce(h.Context(), h.Watch()) }),
	}
	h.do("Set", func() {
		for i := 1; i <= n; i++ {
			begun.Store(int64(i))
			h.Set(&Item{N: i})
			done.Store(int64(i))
			h.pace(i)
		}
	}).returns()
	for _, c := range readers {
		c.returns()
	}
}

// wakesAfterOthersGaveUp makes an implementation remove the Gets that gave up,
// while other Gets still wait.
func wakesAfterOthersGaveUp(h *harness) {
	var living []*getCall
	for i := range many {
		if i%100 == 0 {
			living = append(living, h.startGet(h.Context(), h.watch()))
		}
		ctx, cancel := context.WithCancel(h.Context())
		w := h.Watch()
		g := h.startGet(ctx, w)
		if h.bubble {
			g.waits()
		}
		cancel()
		g.fails(context.Canceled)
		_ = w.Close()
	}
	h.set(1)
	for _, g := range living {
		g.gets(1)
	}
}

// setMeetsGet sets each value while the watchers begin to wait for it.
func setMeetsGet(h *harness) {
	h.pingPong(func(ctx context.Context, w event.Watcher[*Item]) (*Item, error) {
		return w.Get(ctx)
	})
}

// pingPong lets two watchers wait for each value with get. It sets the next
// value as soon as both have the last one. It fails the test if a value does
// not arrive.
func (h *harness) pingPong(get func(context.Context, event.Watcher[*Item]) (*Item, error)) {
	n := h.rounds()
	acks := make(chan int, 2)
	for range cap(acks) {
		w := h.watch()
		h.do("a watcher", func() {
			for last := 0; last < n; {
				item, err := get(h.Context(), w)
				if h.Context().Err() != nil {
					return
				}
				if err != nil {
					h.Errorf("Get returns %v", err)
					return
				}
				last = item.number()
				acks <- last
			}
		})
	}
	h.do("a watcher whose value was set while it went to wait", func() {
		for i := 1; i <= n; i++ {
			h.Set(&Item{N: i})
			for range cap(acks) {
				select {
				case <-acks:
					h.gate.progress.Add(1)
				case <-h.Context().Done():
					return
				}
			}
		}
	}).returns()
}
