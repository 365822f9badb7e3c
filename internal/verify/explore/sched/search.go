package sched

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// Unlimited is the bound of a search that tries every order, however often it switches.
const Unlimited = -1

const (
	unlimitedBudget = 14     // as good as any: nothing uses it up
	stepLimit       = 5000   // of a run; the longest that ends takes a few hundred
	loopLimit       = 10_000 // rounds of loops between two steps
	reportEvery     = 10 * time.Second
)

// x is the search in progress, or one without threads.
var x = new(explorer)

// A decision is a point of a run at which it could have gone on otherwise.
type decision struct{ chosen, options int }

type explorer struct {
	run     *Run
	threads []*thread // of this run; the first len(threads) of pool
	pool    []*thread
	cur     *thread // the one that runs; nil outside of threads
	next    *thread // the one to run next; nil if the run is over

	bound  int
	budget int // how many preemptions are left
	path   []decision
	depth  int // how many decisions of path this run has taken
	met    states
	// forgetful is for tests: no state is remembered.
	forgetful bool

	unwinding bool
	pruned    bool
	asleep    []string // the threads that waited when the run was over
	failure   string
	taken     int // steps of this run
	loops     int // rounds of loops since the last step
	steps     uint64
	runs      uint64 // also tells runs apart, so it never goes back
	began     uint64 // runs, when this search began
	cuts      uint64
	options   []*thread

	tracing bool
	trace   []traced
}

// choose decides who goes on after the thread that runs has come to its next step, has to wait or is
// done. It returns nil if the run is over.
func (x *explorer) choose() *thread {
	if x.failure != "" {
		return nil
	}
	cur := x.cur
	if x.taken++; x.taken > stepLimit {
		x.fail(fmt.Sprintf("livelock: no end after %d steps, %s spins or is kept busy", stepLimit, cur.name))
		return nil
	}
	// Where the run is new, and just before: a check may compare a state with the one before it. (What is
	// new begins with the last decision; if that is a select's, with the step in which it is.)
	if x.depth >= len(x.path)-2 && x.run.always != nil {
		x.check(x.run.always)
		if x.failure != "" {
			return nil
		}
	}
	able := cur != nil && cur.can()
	if able && x.budget == 0 {
		return cur
	}
	options := x.options[:0]
	if able {
		options = append(options, cur)
	}
	for _, t := range x.threads {
		if t != cur && t.can() {
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

func (t *thread) can() bool { return t.live && (t.ready == nil || t.ready()) }

// decide takes the next decision, between n options. It returns -1 if the state has been
// met before.
func (x *explorer) decide(n int, able bool) int {
	if x.depth < len(x.path) {
		d := x.path[x.depth]
		x.determined(n, d.options)
		x.depth++
		return d.chosen
	}
	if !x.forgetful && !x.met.enter(x.state(able), uint64(x.budget)) {
		x.pruned = true
		return -1
	}
	x.path = append(x.path, decision{0, n})
	x.depth++
	return 0
}

// pick is a decision of the thread that runs, not between threads. It costs nothing.
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

// determined fails the scenario if runs that began with the same decisions are not the same: they
// share something that the scheduler does not know of.
func (x *explorer) determined(n, before int) {
	if n != before {
		x.fail(fmt.Sprintf("not determined by the decisions: %d options instead of %d", n, before))
	}
}

// state is a hash of where all threads stand. Threads add up, for it must not depend on
// their order: see Group.
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

// check calls f so that it takes no steps.
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

// Loop is called whenever a loop of the code that is explored goes round. One that goes round
// for ever without taking steps would be the end of the search.
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

// once does one run of the scenario.
func (x *explorer) once(s *Scenario) {
	x.runs++
	x.depth, x.taken, x.loops, x.budget = 0, 0, 0, x.bound
	if x.bound == Unlimited {
		x.budget = unlimitedBudget
	}
	x.pruned, x.cur, x.next = false, nil, nil
	x.threads, x.trace = x.threads[:0], nil
	clear(channels)
	clear(closed)
	r := &Run{name: s.Name}
	x.run = r
	x.check(func() error { s.Run(r); return nil })
	for x.next = x.choose(); x.next != nil; {
		x.cur = x.next
		x.cur.resume()
	}
	x.cur = nil
	if x.failure == "" && !x.pruned {
		x.end(r)
	}
	x.asleep = x.waiting()
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
		if t.live && !t.can() {
			names = append(names, t.name)
		}
	}
	return names
}

// end checks a run that nobody can go on with.
func (x *explorer) end(r *Run) {
	waiting := x.waiting()
	if r.finally != nil {
		x.check(func() error { return r.finally(waiting) })
	} else if len(waiting) > 0 {
		x.fail(fmt.Sprintf("asleep for ever: %q", waiting))
	}
}

// backtrack makes the path that of the next run, and reports false if there is none.
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

// A Result says what a search found.
type Result struct {
	Scenario  string
	Bound     int
	Schedules uint64  // runs, those which were cut short included
	Cut       uint64  // runs that came to a state which had been met
	Steps     uint64  // taken in all runs
	States    int     // in which there was a decision to take
	Seconds   float64 // that it took
	Exhausted bool    // there is nothing left to search within the bound
	Failure   string  // why the last schedule failed, or empty
	Told      string  // that schedule step by step, if it did
}

// Explore searches s until there is nothing left, it fails or limit runs (0: no limit) are done.
func Explore(s *Scenario, bound int, limit uint64) Result {
	begin := time.Now()
	renew(bound)
	r := Result{Scenario: s.Name, Bound: bound}
	r.Exhausted = x.search(s, limit, func() {
		fmt.Fprintf(os.Stderr, "%s: %4.1f %%, %.2f million schedules, %.2f million states, %.0f s\n", s.Name, 100*x.progress(),
			float64(x.runs-x.began)/1e6, float64(x.met.n)/1e6, time.Since(begin).Seconds())
	})
	r.Schedules, r.Cut, r.Steps, r.States = x.runs-x.began, x.cuts, x.steps, x.met.n
	r.Seconds = time.Since(begin).Seconds()
	if r.Failure = x.failure; r.Failure != "" {
		r.Told = x.retell(s)
	}
	x.run = nil
	return r
}

// renew makes x a search that has not begun. It keeps the threads.
func renew(bound int) {
	x = &explorer{bound: bound, pool: x.pool, runs: x.runs, began: x.runs, forgetful: x.forgetful}
}

// search does runs until one fails, limit of them are done or there are no more, which it
// reports. It calls report every few seconds.
func (x *explorer) search(s *Scenario, limit uint64, report func()) (exhausted bool) {
	next := time.Now().Add(reportEvery)
	for {
		x.once(s)
		if x.pruned {
			x.cuts++
		}
		if x.failure != "" {
			return false
		}
		if !x.backtrack() {
			return true
		}
		if limit > 0 && x.runs-x.began >= limit {
			return false
		}
		if x.runs%1024 == 0 && time.Now().After(next) {
			next = time.Now().Add(reportEvery)
			report()
		}
	}
}

// progress guesses how much of the search is done: as if all options of a decision were equal
// work. It is off by a lot, mostly too low, but grows.
func (x *explorer) progress() float64 {
	done, share := 0.0, 1.0
	for _, d := range x.path[:min(len(x.path), 40)] {
		share /= float64(d.options)
		done += share * float64(d.chosen)
	}
	return done
}
