// Package explore runs the code of packages event and notify in every order that goroutines could run it
// in: the code itself, not a model.
//
// [Build] rewrites the two packages into a build overlay, in which whatever goroutines share goes through the
// deterministic scheduler of package sched: atomics and mutexes come from its subpackages, and
// channel operations, selects, go statements and context.AfterFunc become calls of it. The
// command in the directory scenarios is built with that overlay and searches scenarios, each a few threads
// that set, wait, cancel and close, with what must hold at each step and at the end. No line of the
// library, no build tag and no hook in it is there for this. Only two constants differ
// ([SmallConstants]), and all lines keep their numbers: a schedule that fails is told step by step in
// terms of the source, and can be told again by its number.
//
//	go test ./internal/verify/explore                                          # small bounds
//	make explore                                                        # large ones
//	go test ./internal/verify/explore -v -args -scenario NAME -replay NUMBER   # one schedule
//
// # What the rewriter does not know
//
// It knows what it may leave as it is, rather than what it must change, and fails on everything
// else: an import, a name from sync or context, a statement. Whoever brings in something new
// teaches it, in known.go: what cannot wait, is not shared and behaves the same each time goes on the lists there, as it is;
// what can wait or is shared needs a stand-in in package sched or below it, each operation of which is a step; a
// file that has no part in the synchronization may be left out, if no scenario calls it.
//
// # What this does not show
//
// The memory of atomics is sequentially consistent here, as the Go memory model says that it is.
// Plain memory is not watched: that it is not raced for is what the race detector is there for. A
// thread is not interrupted between two steps, which makes no difference to a program without data races.
// Contexts are the Context of package sched, which does what those of package context do in the same order.
package explore
