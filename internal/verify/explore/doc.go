// Package explore runs the code of the library in every order in which its
// goroutines can run. It runs the code itself, not a model.
//
// [Build] rewrites the explored packages into a build overlay, in which every
// shared operation goes through the deterministic scheduler of package sched.
// Atomics and mutexes come from subpackages of sched. Channel operations,
// selects, go statements and context.AfterFunc become calls of sched. The
// command in the directory scenarios is built with the overlay. It searches
// scenarios: each starts a few threads that set, wait, cancel and close, and
// checks conditions at each step and at the end.
//
// The library contains no hook and no build tag for this package, only
// comments. The constants in [SmallConstants] are smaller in the overlay. All
// lines keep their numbers: the trace of a failing schedule shows each step at
// its line of the source. A schedule can be replayed by its number.
//
//	go test ./internal/verify/explore                                          # small bounds
//	make explore                                                               # large bounds
//	go test ./internal/verify/explore -v -args -scenario NAME -replay NUMBER   # one schedule
//
// # What the rewriter refuses
//
// The rewriter has lists of the imports, names and statements that it can leave
// unchanged, and Build fails on everything else. If Build refuses new code,
// there are four ways to go on:
//
//   - A construct that never waits, is not shared and does the same in every run:
//     add it to a list in known.go.
//   - A construct that waits or is shared: write a stand-in in package sched or
//     below it, in which each operation is a step.
//   - A function that no scenario calls: skip it by a directive.
//   - An import of another package of the library: add it to the list explored.
//
// # The directive
//
// The only directive is a line in the doc comment of a function:
//
//	//explore:skip REASON
//
// The rewriter keeps the body of the function unchanged, whatever it contains.
// It inserts a call at the beginning of the body that fails the scenario. The
// function must not use names from the packages that have stand-ins. Build
// fails on an unknown directive, a directive without a reason, a directive
// anywhere else, and a directive on a function that needs none.
//
// # What this does not show
//
// Atomics are sequentially consistent here, as the Go memory model specifies.
// Plain memory is not watched: the race detector finds races on it. A thread is
// not interrupted between two steps, which makes no difference to a program
// without data races. Contexts are of type Context in package sched, which
// performs the same operations in the same order as package context.
package explore
