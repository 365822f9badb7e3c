// Package bench compares Event Values with alternatives.
//
// A [Contender] is one implementation of a state that any goroutine can set and
// many goroutines watch. There are this library, a sync.Cond, channels that are
// replaced, one channel for each watcher, and polling. A [Workload] is one
// measurement of all contenders. Each pair of a workload and a contender is a
// sub-benchmark. The names of sub-benchmarks are key=value pairs, for benchstat
// and its packages:
//
//	go test -run '^$' -bench '^BenchmarkSetParked$/^rival=(event|cond)$/./^watchers=1000$' ./bench
//
// The directory rivals is a separate module that runs the same workloads over
// libraries of other authors. cmd/eventbench runs everything in random order,
// several times, and writes BENCHMARKS.md, results/REPORT.md and a part of
// README.md.
//
// # What is compared
//
// All contenders pass package eventtest: a value that was set arrives, no value
// arrives twice or out of order, and an ended context takes precedence. A
// contender declares the capabilities that it lacks, such as support for
// contexts. Every workload fails if a value has not arrived. If time permits,
// it checks each value at each watcher, and otherwise the last value.
// [SetsEach] and [LoadsEach] check that SetAll and LoadAll perform every
// operation.
//
// If an operation takes nanoseconds, the contender has the loop (SetAll,
// GetAll, LoadAll). The calls are then as direct as in a program that uses the
// contender.
//
// # What is reported
//
// The standard ns/op is suppressed where it would be misleading. Other units
// replace it. "ns/set" is the median duration of the Set calls of a run,
// "worst-ns/set" the longest. "ns/last" is the median time from the beginning
// of a Set until the last watcher has the value.
package bench
