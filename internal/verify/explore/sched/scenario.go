package sched

import "fmt"

// A Scenario is what is searched.
type Scenario struct {
	Name string
	// Bound is the number of preemptions, or Unlimited; FullBound that of the long search, if another.
	Bound, FullBound int
	// Long is for a scenario that is left to the long search.
	Long bool
	// Run sets a run up: it makes what is shared and adds the threads. It is called for each
	// run, and must do the same each time.
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

// Group adds n threads that do the same, each with objects of its own: to exchange any two of
// them throughout a run must make no difference to what is checked.
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

// Always has f called after each step; what it does takes none. An error fails the scenario.
func (r *Run) Always(f func() error) { r.always = f }

// Finally has f called when no thread can go on, with the names of those which wait. An error
// fails the scenario. Without Finally, it is a failure that somebody waits.
func (r *Run) Finally(f func(waiting []string) error) { r.finally = f }

// Fail fails the scenario. A thread calls it.
func (r *Run) Fail(format string, args ...any) { x.fail(fmt.Sprintf(format, args...)) }
