package sched

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// Unlimited is the bound of a search without a bound on preemptions.
const Unlimited = -1

const (
	unlimitedBudget = 14     // is never decremented; any number would do
	stepLimit       = 5000   // steps of a run; the longest run that ends takes a few hundred
	loopLimit       = 10_000 // loop iterations between two steps
	reportEvery     = 10 * time.Second
)

// x is the search in progress. Outside of a search it has no current thread.
var x = new(explorer)

// A decision is a point of a run at which the run had more than one option.
type decision struct{ chosen, options int }

type explorer struct {
	run     *Run
	threads []*thread // of this run; the first len(threads) of pool
	pool    []*thread
	cur     *thread // the thread that runs; nil outside of threads
	next    *thread // the thread to run next; nil if the run has ended

	bound   int
	budget  int // preemptions that are left
	path    []decision
	depth   int // decisions of path that this run has taken
	visited states
	// allStates is for tests: states are entered as often as they are reached.
	allStates bool

	unwinding  bool
	pruned     bool
	blocked    []string // the threads that waited when the run ended
	failure    string
	runSteps   int // steps of this run
	loops      int // loop iterations since the last step
	steps      uint64
	runs       uint64 // identifies the run, so it is never reset
	runsBefore uint64 // the value of runs when this search began
	cuts       uint64
	options    []*thread

	tracing bool
	trace   []tracedStep
}

// choose returns the thread that continues. It is called when the current
// thread is about to take a step or to wait, and when it has returned. It
// returns nil if the run has ended.
func (x *explorer) choose() *thread {
	if x.failure != "" {
		return nil
	}
	cur := x.cur
	if x.runSteps++; x.runSteps > stepLimit {
		x.fail(fmt.Sprintf("livelock: no end after %d steps, %s spins or is kept busy", stepLimit, cur.name))
		return nil
	}
	// Always is called where the run differs from the run before, and one
	// decision earlier: a check may compare a state with its predecessor. The
	// difference begins with the last decision. If the last decision is the
	// choice of a select, the difference begins with the step of the select.
	if x.depth >= len(x.path)-2 && x.run.always != nil {
		x.check(x.run.always)
		if x.failure != "" {
			return nil
		}
	}
	able := cur != nil && cur.canRun()
	if able && x.budget == 0 {
		return cur
	}
	options := x.options[:0]
	if able {
		options = append(options, cur)
	}
	for _, t := range x.threads {
		if t != cur && t.canRun() {
			options = append(options, t)
		}
	}
	x.options = options
	switch len(options) {
	case 0:
		return nil
	case 1:
		return options[0]
	}
	i := x.decide(len(options), able)
	if i < 0 || x.failure != "" {
		return nil
	}
	if able && i > 0 && x.bound != Unlimited {
		x.budget--
	}
	return options[i]
}

func (t *thread) canRun() bool { return t.live && (t.ready == nil || t.ready()) }

// decide takes the next decision, between n options. It returns -1 if the state
// has been visited before.
func (x *explorer) decide(n int, able bool) int {
	if x.depth < len(x.path) {
		d := x.path[x.depth]
		x.determined(n, d.options)
		x.depth++
		return d.chosen
	}
	if !x.allStates && !x.visited.enter(x.state(able), uint64(x.budget)) {
		x.pruned = true
		return -1
	}
	x.path = append(x.path, decision{0, n})
	x.depth++
	return 0
}

// pick takes a decision within the current thread. It costs no preemption.
func (x *explorer) pick(n int) int {
	if n == 1 {
		return 0
	}
	if x.depth >= len(x.path) {
		x.path = append(x.path, decision{0, n})
	}
	d := x.path[x.depth]
	x.determined(n, d.options)
	x.depth++
	x.cur.past = mix(x.cur.past, uint64(d.chosen)+11)
	return d.chosen
}

// determined fails the scenario if two runs with the same decisions have
// different options. Such runs share something that is not replaced by sched.
func (x *explorer) determined(n, before int) {
	if n != before {
		x.fail(fmt.Sprintf("not determined by the decisions: %d options instead of %d", n, before))
	}
}

// state returns the hash of the state. The hashes of the threads are added up,
// because the result must not depend on the order of the threads in a Group.
func (x *explorer) state(able bool) uint64 {
	var sum uint64
	for _, t := range x.threads {
		h := t.past
		if !t.live {
			h = ^h
		}
		sum += mix(h, 13)
	}
	if able {
		sum = mix(sum, x.cur.past)
	}
	return sum
}

// check calls f outside of threads, so that f takes no steps.
func (x *explorer) check(f func() error) {
	cur := x.cur
	x.cur = nil
	defer func() {
		if e := recover(); e != nil {
			x.fail(fmt.Sprintf("panic: %v\n%s", e, debug.Stack()))
		}
		x.cur = cur
	}()
	if err := f(); err != nil {
		x.fail(err.Error())
	}
}

// Loop is called at the beginning of each iteration of a loop in the explored
// code. It panics if there are too many iterations without a step: such a loop
// would never return control to the search.
func Loop() {
	if x.loops++; x.loops > loopLimit {
		panic(fmt.Sprintf("a loop without steps goes round %d times", loopLimit))
	}
}

// Skipped fails the scenario. The rewriter inserts a call of Skipped at the
// beginning of each function that it does not rewrite. The failure stands even
// if the panic is recovered.
func Skipped(function string) {
	why := function + " is called, but the explorer skips it"
	x.fail(why)
	panic(why)
}

func (x *explorer) fail(why string) {
	if x.failure == "" {
		x.failure = why
	}
}

// runOnce does one run of the scenario.
func (x *explorer) runOnce(s *Scenario) {
	x.runs++
	x.depth, x.runSteps, x.loops, x.budget = 0, 0, 0, x.bound
	if x.bound == Unlimited {
		x.budget = unlimitedBudget
	}
	x.pruned, x.cur, x.next = false, nil, nil
	x.threads, x.trace = x.threads[:0], nil
	clear(channels)
	clear(closed)
	for _, reset := range atStart {
		reset()
	}
	r := &Run{name: s.Name}
	x.run = r
	x.check(func() error { s.Run(r); return nil })
	for x.next = x.choose(); x.next != nil; {
		x.cur = x.next
		x.cur.resume()
	}
	x.cur = nil
	if x.failure == "" && !x.pruned {
		x.checkEnd(r)
	}
	x.blocked = x.waiting()
	x.unwinding = true
	for _, t := range x.threads {
		if t.live && t.began {
			t.resume()
		}
	}
	x.unwinding = false
}

// waiting returns the names of the threads that wait.
func (x *explorer) waiting() (names []string) {
	for _, t := range x.threads {
		if t.live && !t.canRun() {
			names = append(names, t.name)
		}
	}
	return names
}

// checkEnd checks a run in which no thread can continue.
func (x *explorer) checkEnd(r *Run) {
	waiting := x.waiting()
	if r.finally != nil {
		x.check(func() error { return r.finally(waiting) })
	} else if len(waiting) > 0 {
		x.fail(fmt.Sprintf("asleep for good: %q", waiting))
	}
}

// backtrack changes path to the path of the next run. It reports false if there
// is no next run.
func (x *explorer) backtrack() bool {
	for n := len(x.path) - 1; n >= 0; n-- {
		if x.path[n].chosen+1 < x.path[n].options {
			x.path[n].chosen++
			x.path = x.path[:n+1]
			return true
		}
	}
	return false
}

// A Result is the result of a search.
type Result struct {
	Scenario  string
	Bound     int
	Schedules uint64  // all runs, including the runs that were cut short
	Cut       uint64  // runs that were cut short at a visited state
	Steps     uint64  // steps of all runs
	States    int     // states in which there was a decision to take
	Seconds   float64 // duration of the search
	Exhausted bool    // nothing is left to search within the bound
	Failure   string  // the failure of the last schedule, or ""
	Trace     string  // the steps of the schedule that failed, or ""
}

// Explore searches s until nothing is left to search, s fails, or limit runs
// are done. If limit is 0, there is no limit.
func Explore(s *Scenario, bound int, limit uint64) Result {
	begin := time.Now()
	renew(bound)
	r := Result{Scenario: s.Name, Bound: bound}
	r.Exhausted = x.search(s, limit, func() {
		fmt.Fprintf(os.Stderr, "%s: %4.1f %%, %.2f million schedules, %.2f million states, %.0f s\n", s.Name, 100*x.progress(),
			float64(x.runs-x.runsBefore)/1e6, float64(x.visited.n)/1e6, time.Since(begin).Seconds())
	})
	r.Schedules, r.Cut, r.Steps, r.States = x.runs-x.runsBefore, x.cuts, x.steps, x.visited.n
	r.Seconds = time.Since(begin).Seconds()
	if r.Failure = x.failure; r.Failure != "" {
		r.Trace = x.traceFailure(s)
	}
	x.run = nil
	return r
}

// renew makes x a search that has not begun. It keeps the pool of threads.
func renew(bound int) {
	x = &explorer{bound: bound, pool: x.pool, runs: x.runs, runsBefore: x.runs, allStates: x.allStates}
}

// search does runs until one fails, limit runs are done, or every run is done.
// It reports whether every run is done. It calls report every few seconds.
func (x *explorer) search(s *Scenario, limit uint64, report func()) (exhausted bool) {
	next := time.Now().Add(reportEvery)
	for {
		x.runOnce(s)
		if x.pruned {
			x.cuts++
		}
		if x.failure != "" {
			return false
		}
		if !x.backtrack() {
			return true
		}
		if limit > 0 && x.runs-x.runsBefore >= limit {
			return false
		}
		if x.runs%1024 == 0 && time.Now().After(next) {
			next = time.Now().Add(reportEvery)
			report()
		}
	}
}

// progress returns an estimate of the share of the search that is done. It
// assumes that all options of a decision are equal work. The estimate is
// inaccurate and usually too low, but it grows.
func (x *explorer) progress() float64 {
	done, share := 0.0, 1.0
	for _, d := range x.path[:min(len(x.path), 40)] {
		share /= float64(d.options)
		done += share * float64(d.chosen)
	}
	return done
}
