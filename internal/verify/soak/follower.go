package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/eventvalue/event"
)

// A follower is a goroutine with a watcher. It replaces the watcher and changes
// to other values from time to time.
type follower struct {
	s    *soak
	rand *rand.Rand

	mu     sync.Mutex // guards the fields below; not held during waits
	stream *stream
	w      event.Watcher[item]
	fresh  bool   // w has returned nothing yet
	killed bool   // another goroutine has closed w
	seen   uint64 // the last sequence number returned, by w or by a former watcher
	wait   wait
	waits  uint64 // the number of changes of wait; identifies a wait
}

// A wait describes the wait that a follower is in.
type wait struct {
	on       bool
	ctx      context.Context
	filtered bool
	changed  bool // on the channel of Changed, not in a Get
}

func (f *follower) run() {
	defer func() { _ = f.w.Close() }()
	f.move()
	for !f.s.aborted.Load() && !(f.s.stopping.Load() && f.stream.closed.Load()) {
		switch f.rand.IntN(40) {
		case 0:
			f.move()
		case 1:
			_ = f.w.Close()
			if _, err := f.w.Get(context.Background()); err != event.ErrWatcherClosed {
				f.s.fail("after Close, Get returned %v", err)
			}
			f.watch()
		default:
			f.step()
		}
		if f.rand.IntN(30) == 0 {
			time.Sleep(time.Duration(f.rand.Int64N(int64(20 * time.Millisecond))))
		}
	}
}

// move changes to another value.
func (f *follower) move() {
	f.mu.Lock()
	f.stream, f.seen = f.s.slots[f.rand.IntN(len(f.s.slots))].stream.Load(), 0
	f.mu.Unlock()
	f.watch()
}

// watch replaces the watcher by a new one.
func (f *follower) watch() {
	f.s.rewatched.Inc()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.w != nil {
		_ = f.w.Close()
	}
	f.w, f.fresh, f.killed = f.stream.value.Watch(), true, false
}

// kill closes the watcher of f while f may be using it.
func (f *follower) kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.w != nil {
		f.killed = true
		_ = f.w.Close()
	}
}

// step tries to get one value, in a random way.
func (f *follower) step() {
	sc := f.s.contexts[f.rand.IntN(4)+f.rand.IntN(scopes-3)].Load()
	switch f.rand.IntN(10) {
	case 4: // A context that has ended.
		ctx, cancel := context.WithCancel(sc.ctx)
		cancel()
		f.get(ctx, sc, f.rand.IntN(4) == 0, f.rand.IntN(4) == 0)
	case 0:
		ctx, cancel := context.WithTimeout(sc.ctx, time.Duration(f.rand.Int64N(int64(10*time.Millisecond))))
		defer cancel()
		f.get(ctx, sc, false, false)
	case 1:
		f.get(sc.ctx, sc, true, false)
	case 2:
		f.get(sc.ctx, sc, f.rand.IntN(2) == 0, true)
	case 3:
		f.changed(sc)
	default:
		f.get(sc.ctx, sc, false, false)
	}
}

// waiting records that f begins to wait.
func (f *follower) waiting(w wait) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wait = w
	f.waits++
}

// done records that the wait of f has ended.
func (f *follower) done() { f.waiting(wait{}) }

// changed waits for Changed in a select, and gets a value.
func (f *follower) changed(sc *scope) {
	f.waiting(wait{on: true, ctx: sc.ctx, changed: true})
	select {
	case <-f.w.Changed():
		f.done()
		if f.get(sc.ctx, sc, false, true) == event.BacklogDone {
			f.s.fail("Changed was closed, but there is nothing")
		}
	case <-sc.ctx.Done():
		f.done()
	}
}

// get calls Get and checks the result.
func (f *follower) get(ctx context.Context, sc *scope, filter, backlog bool) error {
	var opts []event.GetOption[item]
	if filter {
		opts = append(opts, event.Filter(odd))
	}
	if backlog {
		opts = append(opts, event.BacklogOnly[item]())
	}
	endedBefore, from := ctx.Err() != nil, f.s.now()
	newest, _ := f.stream.value.Load()
	f.waiting(wait{on: true, ctx: ctx, filtered: filter})
	it, err := f.w.Get(ctx, opts...)
	f.done()
	f.s.got.Inc()
	switch {
	case err == nil:
		f.check(it, newest, endedBefore, sc)
		if filter && !odd(it) {
			f.s.fail("a value was returned that the Filter rejects")
		}
		if from < it.at {
			f.s.latency.add(f.s.now() - it.at)
		}
		f.mu.Lock()
		f.seen, f.fresh = it.seq, false
		f.mu.Unlock()
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		f.s.gaveUp.Inc()
	default:
		f.failed(err, newest, filter, backlog)
	}
	return err
}

// check checks the value it, which a Get returned. newest was the newest value
// before the Get.
func (f *follower) check(it, newest item, endedBefore bool, sc *scope) {
	switch ended := sc.ended.Load(); {
	case endedBefore:
		f.s.fail("a value was returned under a context that had ended")
	case ended != 0 && it.at > ended:
		f.s.fail("a value was returned that was set after the context's end")
	case it.stream != f.stream || it.sum != it.seq^uint64(it.at):
		f.s.fail("a value was returned that was never set: %+v", it)
	case it.seq < newest.seq:
		f.s.fail("value %d was returned, but %d was there before", it.seq, newest.seq)
	case it.seq < f.seen || it.seq == f.seen && !f.fresh:
		f.s.fail("value %d was returned after %d", it.seq, f.seen)
	}
}

// failed checks an error of a Get that is not the error of the context.
func (f *follower) failed(err error, newest item, filter, backlog bool) {
	switch {
	case errors.Is(err, event.ErrClosed):
		last, _ := f.stream.value.Load()
		if !f.stream.closing.Load() {
			f.s.fail("a Get returned ErrClosed, but the value was not closed")
		}
		if !filter && f.unseen(last) {
			f.s.fail("ErrClosed was returned before the final value: %d, seen is %d", last.seq, f.seen)
		}
		if f.s.stopping.Load() {
			return
		}
		f.move()
	case err == event.BacklogDone && backlog:
		if !filter && f.unseen(newest) {
			f.s.fail("BacklogDone, but %d is newer than %d", newest.seq, f.seen)
		}
		if filter { // The watcher has skipped an unknown number of rejected values.
			f.watch()
		}
	case err == event.ErrWatcherClosed && f.wasKilled():
		f.watch()
	default:
		f.s.fail("Get returned %v", err)
	}
}

// unseen reports whether the watcher of f has not returned it yet.
func (f *follower) unseen(it item) bool { return it.seq > f.seen || f.fresh && it.seq > 0 }

func (f *follower) wasKilled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.killed
}

// overdue returns the number of the wait that f is in, and the reason why the
// wait should have ended. The reason is "" if the wait may continue.
func (f *follower) overdue() (wait uint64, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.wait.on {
		return f.waits, ""
	}
	newest, _ := f.stream.value.Load()
	switch {
	case f.wait.ctx.Err() != nil:
		why = "under a context that has ended"
	case f.stream.closed.Load():
		why = "for a value that has ended"
	case f.killed && !f.wait.changed:
		why = "on a watcher that is closed"
	case f.unseen(newest) && !f.wait.filtered:
		why = "though there is something new"
	}
	return f.waits, why
}
