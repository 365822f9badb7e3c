package eventtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// patience is the longest time without progress, in real time. Only a broken
// implementation or an overloaded machine takes as long.
var patience = time.Minute

const (
	// grace is the time to wait for an event that must not happen, in real
	// time. If it is too short, a broken implementation passes, but no correct
	// one fails.
	grace = 20 * time.Millisecond
	// delay is the time, by the clock of a bubble, after which a late value has
	// arrived.
	delay = time.Hour
	// many is a number that is too large for special treatment of each one.
	many = 1000
)

// A harness is a test in progress. It has the Subject and the checks of the
// test.
type harness struct {
	testing.TB
	Subject
	gate       *gate
	newSubject func(testing.TB) Subject
	bubble     bool // the test runs in a bubble
	late       bool // Immediate is lacking
	missing    []Capability
	running    sync.WaitGroup
	reads      atomic.Int64 // values that readers have got; pace waits for them
}

func newHarness(t testing.TB, g *gate, newSubject func(testing.TB) Subject, lacks []Capability, bubble bool) *harness {
	h := &harness{
		TB:         t,
		gate:       g,
		newSubject: newSubject,
		bubble:     bubble,
		late:       slices.Contains(lacks, Immediate),
		missing:    lacks,
	}
	// The cleanup that is registered first runs last. By then, all goroutines
	// of this test can return. They must not disturb the counts of the next
	// test.
	t.Cleanup(h.join)
	h.Subject = newSubject(t)
	return h
}

// join ends the test and waits, unless it has failed, for its goroutines.
func (h *harness) join() {
	defer h.gate.close()
	if h.bubble || h.Failed() {
		return // A bubble waits for its goroutines by itself.
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.running.Wait()
	}()
	if !h.gate.await(done, patience) {
		h.Error("a call does not return, though its context has ended")
	}
}

// lacks reports whether one of the capabilities is lacking.
func (h *harness) lacks(c ...Capability) bool {
	return slices.ContainsFunc(h.missing, func(m Capability) bool { return slices.Contains(c, m) })
}

// rounds returns the number of repetitions for tests that depend on schedules.
func (h *harness) rounds() int {
	switch {
	case h.lacks(Bubble) || h.late:
		return 20
	case testkit.RaceEnabled || testing.Short():
		return 500
	}
	return 3000
}

// waitIdle waits until every other goroutine of the bubble is blocked. In real
// time, it waits for a grace period.
func (h *harness) waitIdle() {
	if !h.bubble {
		time.Sleep(grace)
		return
	}
	if h.late {
		time.Sleep(delay)
	}
	synctest.Wait()
}

// A call is a function call on its own goroutine, because the call may never
// return.
type call struct {
	h    *harness
	what string
	done chan struct{}
}

// do calls f on a new goroutine. what describes the call in failures.
func (h *harness) do(what string, f func()) *call {
	c := &call{h: h, what: what, done: make(chan struct{})}
	h.running.Add(1)
	go func() {
		defer h.running.Done()
		defer close(c.done)
		defer func() {
			if p := recover(); p != nil {
				h.Errorf("%s panics: %v", what, p)
			}
		}()
		f()
	}()
	return c
}

// returns fails the test unless the call returns. The test does nothing else in
// the meantime.
func (c *call) returns() {
	c.h.Helper()
	defer c.h.gate.progress.Add(1)
	if c.h.bubble {
		c.h.waitIdle()
		if !testkit.IsClosed(c.done) {
			c.h.Fatalf("%s does not return", c.what)
		}
		return
	}
	if !c.h.gate.await(c.done, patience) {
		c.h.Fatalf("%s does not return", c.what)
	}
}

// waits fails the test if the call returns.
func (c *call) waits() {
	c.h.Helper()
	c.h.waitIdle()
	if testkit.IsClosed(c.done) {
		c.h.Fatalf("%s returns, though it has nothing to return for", c.what)
	}
}

// A getCall is a Get in progress.
type getCall struct {
	*call
	item *Item
	err  error
}

// startGet starts a Get on w.
func (h *harness) startGet(ctx context.Context, w event.Watcher[*Item], opts ...event.GetOption[*Item]) *getCall {
	g := new(getCall)
	g.call = h.do("Get", func() { g.item, g.err = w.Get(ctx, opts...) })
	return g
}

// parked starts a Get on w and fails the test unless the Get waits.
func (h *harness) parked(ctx context.Context, w event.Watcher[*Item], opts ...event.GetOption[*Item]) *getCall {
	h.Helper()
	g := h.startGet(ctx, w, opts...)
	g.waits()
	return g
}

// gets fails the test unless the Get returns the Item n.
func (g *getCall) gets(n int) *Item {
	g.h.Helper()
	g.returns()
	if got := describe(g.item, g.err); got != fmt.Sprint("item ", n) {
		g.h.Fatalf("%s returns %s, want item %d", g.what, got, n)
	}
	return g.item
}

// getsNil fails the test unless the Get returns nil and no error.
func (g *getCall) getsNil() {
	g.h.Helper()
	g.returns()
	if g.item != nil || g.err != nil {
		g.h.Fatalf("%s returns %s, want nil", g.what, describe(g.item, g.err))
	}
}

// fails fails the test unless the Get returns the error want and no value.
func (g *getCall) fails(want error) {
	g.h.Helper()
	g.returns()
	if !errors.Is(g.err, want) {
		g.h.Fatalf("%s returns %s, want %v", g.what, describe(g.item, g.err), want)
	}
	if g.item != nil {
		g.h.Fatalf("%s returns %v together with %v", g.what, g.item, g.err)
	}
}

func describe(item *Item, err error) string {
	switch {
	case err != nil:
		return fmt.Sprintf("the error %q", err)
	case item == nil:
		return "nil"
	}
	return fmt.Sprint("item ", item.N)
}

// get fails the test unless a Get on w returns the Item n.
func (h *harness) get(w event.Watcher[*Item], n int, opts ...event.GetOption[*Item]) *Item {
	h.Helper()
	return h.startGet(h.Context(), w, opts...).gets(n)
}

// getFails fails the test unless a Get on w returns the error want.
func (h *harness) getFails(ctx context.Context, w event.Watcher[*Item], want error, opts ...event.GetOption[*Item]) {
	h.Helper()
	h.startGet(ctx, w, opts...).fails(want)
}

// getWaits fails the test unless a Get on w waits.
func (h *harness) getWaits(w event.Watcher[*Item]) {
	h.Helper()
	ctx, cancel := context.WithCancel(h.Context())
	g := h.parked(ctx, w)
	cancel()
	g.fails(context.Canceled)
}

// set sets Items with these numbers, and waits until the last one has arrived.
func (h *harness) set(ns ...int) {
	h.Helper()
	for _, n := range ns {
		h.Set(&Item{N: n})
	}
	h.arrives(ns[len(ns)-1])
}

// arrives waits until the Item n, which is the newest, has arrived at watchers.
func (h *harness) arrives(n int) {
	h.Helper()
	switch {
	case h.late && h.bubble:
		h.waitIdle()
	case h.late:
		h.do("the arrival of a value", func() {
			w := h.Watch()
			defer w.Close()
			for {
				if item, err := w.Get(h.Context()); err != nil || item != nil && item.N == n {
					return
				}
			}
		}).returns()
	}
}

// watch returns a new watcher, which a cleanup closes.
func (h *harness) watch() event.Watcher[*Item] {
	w := h.Watch()
	h.Cleanup(func() { _ = w.Close() })
	return w
}

// ended returns a context that has ended.
func (h *harness) ended() context.Context {
	ctx, cancel := context.WithCancel(h.Context())
	cancel()
	return ctx
}

// closes fails the test unless c closes. The test does nothing else in the
// meantime.
func (h *harness) closes(c <-chan struct{}) {
	h.Helper()
	h.do("a receive from Changed", func() {
		select {
		case <-c:
		case <-h.Context().Done():
		}
	}).returns()
}

// open fails the test if c closes.
func (h *harness) open(c <-chan struct{}) {
	h.Helper()
	h.waitIdle()
	if testkit.IsClosed(c) {
		h.Fatal("Changed is closed, though nothing has changed")
	}
}

// panics returns the value with which f panics, or nil.
func panics(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}

// filter returns a Filter by the number of an Item. It rejects nil.
func filter(pred func(n int) bool) event.GetOption[*Item] {
	return event.Filter(func(item *Item) bool { return item != nil && pred(item.N) })
}

// only returns a Filter that accepts the Items with these numbers.
func only(ns ...int) event.GetOption[*Item] {
	return filter(func(n int) bool { return slices.Contains(ns, n) })
}

func backlog() event.GetOption[*Item] { return event.BacklogOnly[*Item]() }
