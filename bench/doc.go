// Package bench compares Event Values with what is used in their place.
//
// A [Contender] is one way to have a state that is set from anywhere and watched by many: this
// library, a sync.Cond, channels that are replaced, a channel a watcher, polling. A [Workload] is
// one thing that is measured of all of them. The two meet in sub-benchmarks whose names are
// key=value pairs, so that benchstat and its packages can tell them apart:
//
//	go test -run '^$' -bench '^BenchmarkSetParked$/^rival=(event|cond)$/./^watchers=1000$' ./bench
//
// The directory rivals is a module of its own that runs the same workloads over libraries of
// others. cmd/eventbench runs everything in random order, several times, and writes
// BENCHMARKS.md.
//
// # What is compared
//
// All contenders keep what they promise, as far as package eventtest can tell: a value that
// was set arrives, nothing arrives twice or goes back, and an ended context wins. What one of
// them cannot do, such as heed a context, is declared by it. Every workload checks that the values
// have arrived, and fails if they have not: each of them at each watcher where there is time for it, and else
// the last. That SetAll and LoadAll do not leave out what nobody could notice afterwards is seen by
// [SetsEach] and [LoadsEach].
//
// Where an operation takes nanoseconds, the contender itself has the loop (SetAll, GetAll,
// LoadAll), so that calls are as direct as they are in a program that uses it.
//
// # What is reported
//
// Where the standard ns/op would be of something else, it is suppressed, and there are units
// that say what they are: "ns/set" is the median duration of the Set calls of a run,
// "worst-ns/set" the longest; "ns/last" is the median time from the beginning of a Set until
// the last watcher has the value.
package bench
