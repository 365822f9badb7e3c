package sched

import (
	"fmt"
	"iter"
	"runtime/debug"
)

// A thread is a coroutine, kept from run to run, for it costs more than a run of it.
type thread struct {
	name string
	body func()

	// past is a hash of all that the thread depends on so far.
	past uint64

	// ready is nil for a thread that can go on, else it says whether it can.
	ready func() bool
	// offers is what a thread waits for, if those are channels.
	offers []Case
	// taken is the case of offers that another thread has completed, or -1.
	taken int

	live   bool // It has a body that has not returned.
	began  bool // And it has taken part already.
	resume func() (struct{}, bool)
	yield  func(struct{}) bool
}

// unwound is thrown through a thread that is suspended when its run ends.
type unwound struct{}

func newThread() *thread {
	t := new(thread)
	t.resume, _ = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		for {
			t.began = true
			// It has gone on: a state in which it has come to its first step is another.
			t.past = mix(t.past, 19)
			t.work()
			t.yield(struct{}{})
		}
	})
	return t
}

// work runs the body once.
func (t *thread) work() {
	defer func() {
		t.live = false
		t.body, t.ready, t.offers = nil, nil, nil
		if e := recover(); x.unwinding {
			return // Whatever it was: the run is over.
		} else if e != nil {
			x.fail(fmt.Sprintf("%s panics: %v\n%s", t.name, e, debug.Stack()))
		}
		x.next = x.choose()
	}()
	t.body()
}

// start adds a thread to the run.
func start(name string, past uint64, body func()) {
	if len(x.threads) == len(x.pool) {
		x.pool = append(x.pool, newThread())
	}
	t := x.pool[len(x.threads)]
	x.threads = append(x.threads, t)
	t.name, t.body, t.past, t.live = name, body, past, true
	t.began, t.ready, t.offers, t.taken = false, nil, nil, -1
}

// spawn is start on behalf of the thread that runs.
func spawn(name string, body func()) {
	t := x.cur
	t.past = mix(t.past, 3)
	start(t.name+"/"+name, mix(t.past, 5), body)
}

// Step is called before each access to something shared. It returns when it is the
// caller's turn to take it. Outside of a run, and in the functions that check one, it does nothing.
func Step(what string) {
	if x.cur == nil {
		return
	}
	x.step(nil)
	if x.tracing {
		x.record(what)
	}
}

// Wait is Step for an access that is possible only if ready.
func Wait(what string, ready func() bool) {
	if x.cur == nil {
		if !ready() && !x.unwinding {
			panic("sched: " + what + " would wait outside of a thread")
		}
		return
	}
	x.step(ready)
	if x.tracing {
		x.record(what)
	}
}

// Running reports whether the caller is a thread, rather than who sets up or checks or ends a run.
func Running() bool { return x.cur != nil }

func (x *explorer) step(ready func() bool) {
	t := x.cur
	t.ready = ready
	x.next = x.choose()
	if x.next != t {
		t.yield(struct{}{})
		if x.unwinding {
			panic(unwound{})
		}
	}
	t.ready = nil
	x.loops = 0
	x.steps++
}

// An Object is what the scheduler knows of something that threads share. It is part of that.
type Object struct {
	run  uint64 // in which past came about
	past uint64 // a hash of all that the object depends on: that of its last writer, then
}

func (o *Object) renew() {
	if o.run != x.runs {
		*o = Object{run: x.runs}
	}
}

// Read is called by the thread that has just read o, or has failed to change it.
func (o *Object) Read() {
	if t := x.cur; t != nil {
		o.renew()
		t.past = mix(t.past, o.past)
	}
}

// Write is called by the thread that has just changed o.
func (o *Object) Write() {
	if t := x.cur; t != nil {
		o.renew()
		t.past = mix(t.past, ^o.past)
		o.past = t.past
	}
}

// mix is a hash of two numbers; their order matters.
func mix(a, b uint64) uint64 {
	h := a*0x9e3779b97f4a7c15 ^ (b+0x7f4a7c159e3779b9)*0xc2b2ae3d27d4eb4f
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	return h
}
