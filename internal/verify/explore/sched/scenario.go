package sched

import "fmt"

// A Scenario is a small program whose runs are searched.
type Scenario struct {
	Name string
	// Bound is the number of preemptions, or Unlimited. FullBound is the bound
	// of the long search. If FullBound is 0, both searches use Bound.
	Bound, FullBound int
	// Long reports that only the long search includes the scenario.
	Long bool
	// Run sets up a run: it makes the shared objects and adds the threads. It
	// is called for each run, and must do the same each time.
	Run func(r *Run)
}

// A Run is one run of a scenario.
type Run struct {
	name    string
	always  func() error
	finally func(waiting []string) error
}

// Go adds a thread.
func (r *Run) Go(name string, body func()) { r.Group(name, 1, func(int) { body() }) }

// Group adds n threads that do the same, each with its own objects. No check
// may depend on which of the threads did what: exchanging two of them
// throughout a run must make no difference.
func (r *Run) Group(name string, n int, body func(i int)) {
	past := mix(uint64(len(x.threads)), 17)
	for i := range n {
		label := name
		if n > 1 {
			label = fmt.Sprintf("%s %d", name, i+1)
		}
		start(label, past, func() { body(i) })
	}
}

// Always makes the search call f after each step. The operations of f are not
// steps. An error fails the scenario.
func (r *Run) Always(f func() error) { r.always = f }

// Finally makes the search call f when no thread can continue, with the names
// of the threads that wait. An error fails the scenario. Without Finally, a
// scenario fails if a thread waits at the end.
func (r *Run) Finally(f func(waiting []string) error) { r.finally = f }

// Fail fails the scenario. Threads call it.
func (r *Run) Fail(format string, args ...any) { x.fail(fmt.Sprintf(format, args...)) }

// AtStart makes each run begin with a call of f, which resets a global variable of
// the explored code. A run that is cut short may leave it in any state.
func AtStart(f func()) { atStart = append(atStart, f) }

var atStart []func()
