package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A table is one workload in the report.
type table struct {
	bench string
	title string
	text  string
	units []column
	// loses is the explanation why this library takes more in some ratios.
	loses string
}

// A column is a unit of a workload, and its meaning.
type column struct{ unit, title string }

const perOp = "sec/op"

// again returns the commands that repeat the measurements of the table.
func (t table) again() string {
	run := fmt.Sprintf("Again: `go run ./bench/cmd/eventbench -bench '^Benchmark%s\\b'`", t.bench)
	if t.title == t.bench {
		return run + "."
	}
	direct := fmt.Sprintf("test -run '^$' -bench '^Benchmark%s$'", t.bench)
	if slices.ContainsFunc(ofEtcd, func(e table) bool { return e.bench == t.bench }) {
		return run + fmt.Sprintf(", or `go -C etcd/etcdtest/integration %s .`.", direct)
	}
	return run + fmt.Sprintf(", or `go %s ./bench`, and for the other libraries `go -C bench/rivals %s .`.", direct, direct)
}

// tables returns the tables that have results. Benchmarks without an entry in
// the variable tables come last, with their names and units as titles.
func (r *results) tables() (ts []table) {
	known := map[string]bool{}
	for _, t := range tables {
		known[t.bench] = true
		if len(r.params[t.bench]) > 0 {
			ts = append(ts, t)
		}
	}
	others := map[string]*table{}
	for f := range r.values {
		if known[f.bench] {
			continue
		}
		t := others[f.bench]
		if t == nil {
			t = &table{bench: f.bench, title: f.bench}
			others[f.bench] = t
		}
		if c := (column{f.unit, f.unit}); !slices.Contains(t.units, c) {
			t.units = append(t.units, c)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		t := *others[name]
		slices.SortFunc(t.units, func(a, b column) int { return strings.Compare(a.unit, b.unit) })
		ts = append(ts, t)
	}
	return ts
}

// tables has the tables in the order of the report.
var tables = slices.Concat(ofWorkloads, ofEtcd)

var ofWorkloads = []table{
	{
		bench: "Set", title: "Set with nobody parked",
		text:  "`store` publishes a fresh object of 32 bytes and does nothing else: the floor of all that have immutable states. There is no watcher at all, or `channel` would have to fill its channel.",
		units: []column{{perOp, "a Set"}, {"B/op", "garbage a Set"}},
		loses: "A Set publishes an immutable snapshot, which has to be allocated, and seals the old one with an exchange. A mutex that nobody contends needs neither, nor does a pointer stored over the last: with the one every reader has to take the mutex, and with the other nobody can wait.",
	},
	{
		bench: "Get", title: "Get with something new, under a context that can be cancelled",
		text:  "`cond` is a mutex and a comparison of versions; it does not ask its context.",
		units: []column{{perOp, "a Get"}},
		loses: "A Get asks its context and moves its watcher by a compare-and-swap, which is how Gets that run at the same time are found out. Rivals move theirs by a plain store; two Gets on one of their watchers are a data race.",
	},
	{
		bench: "TryGet", title: "A Set, a TryGet and another that finds nothing",
		text:  "`get` is a Get with an option that is written in the call.",
		units: []column{{perOp, "a Set and two looks"}, {"allocs/op", "objects"}},
		loses: "A TryGet takes the way of a Get with options.",
	},
	{
		bench: "Until", title: "A context that ends when a value is reached",
		text:  "It is made, the value is set, and the context ends. `goroutine` is a goroutine with a Get that cancels the context.",
		units: []column{{perOp, "making, Set and end"}, {"allocs/op", "objects"}},
		loses: "It makes what lets the value rest without a goroutine: a Relay and a function that follows the end of the parent. The goroutine of the rival, whose stack is not counted, is there from the beginning.",
	},
	{
		bench: "Load", title: "Load, on all processors at once",
		text:  "Time for one Load of all processors together. `store` is a bare load of a pointer and of what it points to. Most of that time is the loop around it, RunParallel's, which is the same for all: the loads by themselves differ by more than these ratios.",
		units: []column{{perOp, "a Load"}},
		loses: "Load also says whether there is data.",
	},
	{
		bench: "SetGet", title: "Set and Get in one goroutine",
		units: []column{{perOp, "a Set and a Get"}},
		loses: "The sum of Set and Get, see there.",
	},
	{
		bench: "WatchGetClose", title: "Watch, one Get, Close",
		units: []column{{perOp, "a watcher's life"}, {"allocs/op", "objects"}, {"B/op", "memory"}},
		loses: "A watcher has room for what waiting needs, so that it is one object for good. Those of rivals that are smaller need no Close, cannot be closed, or allocate when they wait.",
	},
	{
		bench: "RoundTrip", title: "Round trip between two goroutines",
		text: "Two values, two Sets, two wake-ups. Contexts: `none` never ends, `cancel` can be cancelled, `timeout` is a fresh one with a timeout for each Get. " +
			"`cond` and `cond-fresh` ignore theirs; `cond-context` is `cond` with a context.AfterFunc for each wait.",
		units: []column{{perOp, "there and back"}, {"allocs/op", "objects"}},
		loses: "sync.Cond waits without a context and allocates nothing: nothing else in Go wakes a goroutine as cheaply. Two of the objects are the snapshots, which rivals that store in place do without. Under a context that is seen for the first time, a Get waits in a select, as the rivals do. In addition, it pushes its node onto a stack, from which Set pops it.",
	},
	{
		bench: "SetParked", title: "Set with watchers parked",
		text: "Before each Set all watchers wait and the other processors sleep, so that most of a Set call is the wake-up of one of them. The watchers share one context (`ctx=shared`) or have one each (`ctx=own`). " +
			"A few watchers are woken by the Set call itself. More are left to another goroutine, and to those that it wakes, so that the call takes no longer for many, and is over long before the last of those has the value.",
		units: []column{{"sec/set", "the Set call (median)"}, {"worst-sec/set", "the Set call (longest)"}, {"sec/last", "until the last watcher has the value"}},
		loses: "With a few watchers, which the Set call wakes itself, it is what publishing takes: a snapshot, an exchange that seals the old one, and the wake-up of the node of each waiter. Until the last watcher has the value, there is also the state that its Get stores: that it is busy, waits and is woken. Past a few watchers, waking is left to another goroutine, which has to be started and to be scheduled. It wakes some, and each of these wakes the next before its Get returns, by a send to each. Closing a channel and sync.Cond's Broadcast take all waiters from a list at once.",
	},
	{
		bench: "SetBusy", title: "Set with watchers parked, in a process that is busy",
		text:  "Four goroutines for each processor compute, 20 ms pass from one Set to the next, and the watchers share one context. When all are made runnable at once, each waits for its turn among those that compute. Here each woken watcher wakes the next, which Go runs before them.",
		units: []column{{"sec/set", "the Set call (median)"}, {"sec/last", "until the last watcher has the value"}},
		loses: "As above: see Set with watchers parked.",
	},
	{
		bench: "Latency", title: "Wake-up latency, watcher by watcher",
		text:  "From the beginning of a Set until each one of 1,000 watchers has the value, with 10 ms from one Set to the next.",
		units: []column{{"p50-sec", "median"}, {"p99-sec", "p99"}, {"p99.9-sec", "p99.9"}},
		loses: "As above: see Set with watchers parked. What the producer does not wait for, the watchers do.",
	},
	{
		bench: "Producers", title: "Several producers and 1,000 watchers",
		text:  "Sets from 1 to 8 goroutines, each as fast as it can; watchers get what they can, and the second table says how many that is. Time for one Set of all producers together. Producers that hold a mutex while they wake, or while others wait for it, are slowed down by that, and overtake their watchers less. More values got is no better or worse: watchers conflate.",
		units: []column{{perOp, "a Set"}, {"gets/set", "values got for each Set"}},
		loses: "A Set makes a snapshot and seals the old one, also if nobody has come back to wait since the last. A rival that stores in place under a mutex and wakes after it has unlocked, as replace-lazy does, makes and wakes nothing then, and a single producer mostly finds that mutex free.",
	},
	{
		bench: "Churn", title: "1,000 watchers, a tenth of which give up and come back all the time",
		text:  "900 watchers wait; 100 others time out after 2.5 to 7.5 ms and wait again. A Set every 3 ms.",
		units: []column{{"sec/set", "the Set call (median)"}, {"sec/last", "until the last of the 900 has the value"}},
		loses: "As above: see Set with watchers parked. A watcher that gives up leaves its node on the stack until a sweep.",
	},
	{
		bench: "Combine", title: "A Set until it has come through a CombineAll",
		text:  "One of the sources is set. `pipes` is a Pipe for each source into one channel, a goroutine and a value: with a slice for each value, as a CombineAll has.",
		units: []column{{perOp, "a Set until it has come"}, {"allocs/op", "objects"}},
		loses: "Both make the same slice.",
	},
	{
		bench: "CombineGet", title: "A Set of one source and the Get of a CombineAll",
		text:  "`slice` is the slice that such a Get returns, alone. `go test -run '^$' -bench MergeGet .` measures the rest.",
		units: []column{{perOp, "a Set and a Get"}, {"allocs/op", "objects"}},
		loses: "It makes the same slice, besides its work.",
	},
	{
		bench: "ViewGet", title: "A Set and the TryGet through a view",
		text:  "`event` is the value itself. A Debounce holds each value back for a nanosecond, and is tried until it returns it.",
		units: []column{{perOp, "a Set and a TryGet"}, {"allocs/op", "objects"}},
		loses: "It is the value without a view.",
	},
	{
		bench: "Memo", title: "A Set and a TryGet of each watcher, of an encoding",
		text:  "`event` is a Memo, `map` a Map with the same function.",
		units: []column{{perOp, "a Set and all TryGets"}, {"allocs/op", "objects"}},
		loses: "With one watcher there is nothing to share, and a Memo makes an object for each version.",
	},
	{
		bench: "ParkedBytes", title: "Memory of a parked watcher",
		text:  "10,000 watchers that share one context, each on a goroutine of its own, whose stack is counted apart. Heap includes what the runtime allocates for goroutines that wait.",
		units: []column{{"heap-B/watcher", "heap, first Get under a context"}, {"heap2-B/watcher", "heap, later Gets"}, {"stack-B/watcher", "stack of the goroutine"}},
		loses: "A watcher has a node, a wake-up channel and, from its second Get under one context on, a registration with that. These make later waits cheap. Rivals that wait in a select have them on the stack or not at all.",
	},
	{
		bench: "Garbage", title: "Garbage of a million Sets a second",
		text:  "Nobody is parked. The collector's share is of all processors' time, of a program that has nothing else on its heap.",
		units: []column{{"B/set", "garbage a Set"}, {"objects/set", "objects a Set"}, {"gc-percent", "the collector's share"}, {"sets/s", "Sets a second"}},
		loses: "A snapshot for each Set, see Set. Who stores in place makes no garbage.",
	},
}

var ofEtcd = []table{
	{
		bench: "SetToGet", title: "etcd: from Set to Get, over loopback",
		text:  "A server in a process of its own. `naive` is a Watch of etcd's client for each watcher; this library's watchers share one. The next Set comes when all have the value.",
		units: []column{{"p50-sec", "median"}, {"p99-sec", "p99"}},
	},
	{
		bench: "Sets", title: "etcd: 16 setters",
		text:  "Each waits for its Set before the next; one watcher follows.",
		units: []column{{"sets/s", "Sets a second"}},
	},
	{
		bench: "IdleReaders", title: "etcd: 1,000 watchers that do not read, and 1,000 values of 1 kB",
		text:  "`naive` as above: the client keeps for each Watch what has not been read.",
		units: []column{{"kept-B", "memory that they keep"}},
	},
	{
		bench: "KilledLeader", title: "etcd: the leader of three is killed",
		text:  "From the kill until a value that was set after it has come. The servers elect at etcd's default ticks.",
		units: []column{{"p50-sec", "until the value is there"}},
	},
}

// A cost is a row of the table of the intended costs of this library.
type cost struct {
	what, against string
	num, den      figure // den is zero if num is not a ratio but a count
	reach, aim    float64
	missed        string // the explanation if reach is missed
}

func fig(bench, params, rival, unit string) figure { return figure{bench, params, rival, unit} }

const (
	shared = "ctx=shared/watchers="
	cancel = "ctx=cancel"
)

var costs = []cost{
	{"Set, nobody parked", "atomic store of a fresh pointer-free 32-byte object",
		fig("Set", "", "event", perOp), fig("Set", "", "store", perOp), 1.5, 1.2, "Besides the fresh object, a Set publishes by a compare-and-swap, because others may Set, and seals the snapshot that it replaces."},
	{"Get with something new, cancellable context", "mutex and version compare (`cond`)",
		fig("Get", "", "event", perOp), fig("Get", "", "cond", perOp), 1.7, 1.3, ""},
	{"Load, all cores reading", "bare atomic pointer load (`store`)",
		fig("Load", "", "event", perOp), fig("Load", "", "store", perOp), 1.5, 1.1, "Load also says whether there is data."},
	{"round trip, cancellable context", "sync.Cond without context (`cond`)",
		fig("RoundTrip", cancel, "event", perOp), fig("RoundTrip", cancel, "cond", perOp), 1.7, 1.3, "Two snapshots are allocated, and each Get marks its watcher busy, parks and is woken, each by an atomic operation; a mutex does for all that."},
	{"round trip, cancellable context", "one-element channels and select (`channel`)",
		fig("RoundTrip", cancel, "event", perOp), fig("RoundTrip", cancel, "channel", perOp), 0.9, 0.7, "Two snapshots are allocated, where the rival allocates nothing. The rival's mutex is not contended either."},
	{"round trip, cancellable context", "close-and-replace and select (`replace-eager`)",
		fig("RoundTrip", cancel, "event", perOp), fig("RoundTrip", cancel, "replace-eager", perOp), 0.62, 0.5, "The rival waits in a select and makes a channel for each Set. Ours makes a snapshot, and each Get marks its watcher busy, parks and is woken, each by an atomic operation."},
	{"round trip, a fresh timeout each", "one-element channels and select (`channel`)",
		fig("RoundTrip", "ctx=timeout", "event", perOp), fig("RoundTrip", "ctx=timeout", "channel", perOp), 1.05, 0.9, "Both wait in a select on two channels, after making a context with a timer, which is most of it, and collecting that as garbage. What ours does besides is spread over much: two snapshots, and atomic operations by which each Get marks its watcher, parks and is woken, and each Set publishes and seals."},
	{"Set call, 10,000 parked", "sync.Cond Broadcast (`cond`)",
		fig("SetParked", shared+"10000", "event", "sec/set"), fig("SetParked", shared+"10000", "cond", "sec/set"), 0.02, 0.003, ""},
	{"Set call, 100,000 parked", "itself with 100 parked",
		fig("SetParked", shared+"100000", "event", "sec/set"), fig("SetParked", shared+"100", "event", "sec/set"), 2, 1.2, "Both calls do the same: they start a goroutine, for which a processor is woken. After 100,000 goroutines have run, the caches have nothing left of what that takes."},
	{"Set to last of 1,000 has it", "sync.Cond (`cond`)",
		fig("SetParked", shared+"1000", "event", "sec/last"), fig("SetParked", shared+"1000", "cond", "sec/last"), 1.4, 1.0, "A Get that can be cancelled by itself has its own memory to wait with, a node and a channel, which have to be fetched to wake it. A waiter of a sync.Cond is in a list of the runtime."},
	{"Set to last of 10,000 has it", "sync.Cond (`cond`)",
		fig("SetParked", shared+"10000", "event", "sec/last"), fig("SetParked", shared+"10000", "cond", "sec/last"), 1.2, 0.9, "Each Get that can be cancelled by itself has its own memory to wait with, a node and a channel. It has to be fetched to wake the watcher, and with 10,000 that is more than the caches hold. A waiter of a sync.Cond is in a list of the runtime."},
	{"heap a parked watcher, without its goroutine's stack, one shared context", "close-and-replace and select (`replace-eager`)",
		fig("ParkedBytes", shared+"10000", "event", "heap2-B/watcher"), fig("ParkedBytes", shared+"10000", "replace-eager", "heap2-B/watcher"), 1.5, 0.9, ""},
	{"Watch, first Get, Close", "(objects)",
		fig("WatchGetClose", "", "event", "allocs/op"), figure{}, 2, 1, ""},
}
