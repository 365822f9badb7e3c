package sched

import (
	"fmt"
	"iter"
	"runtime/debug"
)

// A thread is a coroutine. It is kept from run to run, because making a
// coroutine costs more than one run of it.
type thread struct {
	name string
	body func()

	// past is a hash of everything that the thread depends on so far.
	past uint64

	// ready reports whether the thread can continue. If it is nil, the thread
	// can continue.
	ready func() bool
	// offers are the cases of the select in which the thread waits, if any.
	offers []Case
	// taken is the case of offers that another thread has completed, or -1.
	taken int

	live   bool // body is set and has not returned
	began  bool // body has been called
	resume func() (struct{}, bool)
	yield  func(struct{}) bool
}

// unwound is the value of the panic that ends a suspended thread after its run.
type unwound struct{}

func newThread() *thread {
	t := new(thread)
	t.resume, _ = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		for {
			t.began = true
			// The state in which the thread has reached its first step differs
			// from the state before.
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
			return // The run has ended, so the panic does not matter.
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

// spawn adds a thread on behalf of the current thread.
func spawn(name string, body func()) {
	t := x.cur
	t.past = mix(t.past, 3)
	start(t.name+"/"+name, mix(t.past, 5), body)
}

// Step is called before each access to something shared. It returns when the
// search has chosen the calling thread to take the step. It does nothing
// outside of a run and in the functions that check a run.
func Step(what string) {
	if x.cur == nil {
		return
	}
	x.step(nil)
	if x.tracing {
		x.record(what)
	}
}

// Wait is Step for an access that is possible only if ready reports true.
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

// Running reports whether the caller is a thread. It reports false in code that
// sets up, checks or ends a run.
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

// An Object is the scheduler's record of one thing that threads share. It is a
// field of that thing.
type Object struct {
	run  uint64 // the run to which past belongs
	past uint64 // the hash of the last writer, just after it wrote
}

func (o *Object) renew() {
	if o.run != x.runs {
		*o = Object{run: x.runs}
	}
}

// Read is called by a thread that has just read o, or has failed to change it.
func (o *Object) Read() {
	if t := x.cur; t != nil {
		o.renew()
		t.past = mix(t.past, o.past)
	}
}

// Write is called by a thread that has just changed o.
func (o *Object) Write() {
	if t := x.cur; t != nil {
		o.renew()
		t.past = mix(t.past, ^o.past)
		o.past = t.past
	}
}

// mix returns a hash of two numbers, in this order.
func mix(a, b uint64) uint64 {
	h := a*0x9e3779b97f4a7c15 ^ (b+0x7f4a7c159e3779b9)*0xc2b2ae3d27d4eb4f
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	return h
}
