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
	// parts reports that the contenders are parts of this library, whose costs
	// the table shows. Their ratios count neither as less nor as more.
	parts bool
	// loses is the reason why this library takes more in some ratios. Its first
	// sentence stands by itself in BENCHMARKS.md.
	loses string
}

// A column is a unit of a workload, and its meaning.
type column struct{ unit, title string }

const perOp = "sec/op"

// again returns the commands that repeat the measurements of the table.
func (t table) again() string {
	run := fmt.Sprintf("Run it again: `go run ./bench/cmd/eventbench -bench '^Benchmark%s\\b'`", t.bench)
	if t.title == t.bench {
		return run + "."
	}
	direct := fmt.Sprintf("test -run '^$' -bench '^Benchmark%s$'", t.bench)
	if t.in(ofEtcd) {
		return run + fmt.Sprintf(", or `go -C etcd/etcdtest/integration %s .`.", direct)
	}
	if t.in(ofInspect) {
		return run + fmt.Sprintf(", or `go %s ./bench ./bench/inspected`.", direct)
	}
	return run + fmt.Sprintf(", or `go %s ./bench`, and for the other libraries `go -C bench/rivals %s .`.", direct, direct)
}

// in reports whether t is among tables.
func (t table) in(tables []table) bool {
	return slices.ContainsFunc(tables, func(e table) bool { return e.bench == t.bench })
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
var tables = slices.Concat(ofWorkloads, ofInspect, ofEtcd)

var ofWorkloads = []table{
	{
		bench: "Set", title: "Set with no watcher parked",
		text:  "`store` stores a pointer to a fresh object of 32 bytes and does nothing else. There is no watcher, because `channel` would have to fill the channel of each.",
		units: []column{{perOp, "a Set"}, {"B/op", "garbage a Set"}},
		loses: "A Set allocates an immutable snapshot and seals the old snapshot with an exchange. An uncontended mutex needs neither, but each of its readers takes the mutex. A plain store of a pointer needs no exchange, but no goroutine can wait for it.",
	},
	{
		bench: "Get", title: "Get with something new, under a context that can be cancelled",
		text:  "`cond` is a mutex and a comparison of versions. It does not check its context.",
		units: []column{{perOp, "a Get"}},
		loses: "A Get checks its context and advances its watcher by a compare-and-swap, which detects two Gets at the same time. The rivals use a plain store, so that two Gets on one watcher are a data race.",
	},
	{
		bench: "TryGet", title: "A Set, a TryGet and another that finds nothing",
		text:  "`get` is a Get with an option that is made in the call.",
		units: []column{{perOp, "a Set and two looks"}, {"allocs/op", "objects"}},
		loses: "A TryGet runs the slower path of a Get with options.",
	},
	{
		bench: "Until", title: "A context that ends when a value is reached",
		text:  "The context is made, the value is set, and the context ends. `goroutine` is a goroutine with a Get that cancels a context.",
		units: []column{{perOp, "making, Set and end"}, {"allocs/op", "objects"}},
		loses: "Until allocates a Relay and a function that follows the parent's end, so that it needs no goroutine while the value rests. The rival starts a goroutine at once. The stack of that goroutine is not counted.",
	},
	{
		bench: "Load", title: "Load, on all processors at once",
		text:  "Time for one Load of all processors together. `store` loads a pointer and the object behind it. The loop of RunParallel is most of the time and is the same for all. The loads alone therefore differ by more than these ratios.",
		units: []column{{perOp, "a Load"}},
		loses: "Load also reports whether there is data.",
	},
	{
		bench: "SetGet", title: "Set and Get in one goroutine",
		units: []column{{perOp, "a Set and a Get"}},
		loses: "This is the sum of a Set and a Get, see there.",
	},
	{
		bench: "WatchGetClose", title: "Watch, one Get, Close",
		units: []column{{perOp, "a watcher's life"}, {"allocs/op", "objects"}, {"B/op", "memory"}},
		loses: "A watcher is one object with room for everything that waiting needs. Smaller watchers of rivals cannot be closed, need no Close, or allocate when they wait.",
	},
	{
		bench: "RoundTrip", title: "Round trip between two goroutines",
		text: "Two values, two Sets, two wake-ups. The context `none` never ends, `cancel` can be cancelled, and `timeout` is a new context with a timeout for each Get. " +
			"`cond` and `cond-fresh` ignore their contexts. `cond-context` is `cond` with a context.AfterFunc for each wait.",
		units: []column{{perOp, "there and back"}, {"allocs/op", "objects"}},
		loses: "A sync.Cond waits without a context and allocates nothing; nothing else in Go wakes a goroutine as cheaply. Two of the objects are the snapshots, which rivals that store in place do not need. Under a new context a Get waits in a select, as the rivals do. It also pushes its node onto a stack, from which Set pops it.",
	},
	{
		bench: "SetParked", title: "Set with watchers parked",
		text: "Before each Set all watchers wait and the other processors sleep. Most of a Set call is therefore the wake-up of one processor. The watchers share one context (`ctx=shared`) or have one each (`ctx=own`). " +
			"The Set call itself wakes a few watchers. It leaves more than a few to another goroutine, and returns long before the last watcher has the value.",
		units: []column{{"sec/set", "the Set call (median)"}, {"worst-sec/set", "the Set call (longest)"}, {"sec/last", "until the last watcher has the value"}},
		loses: "Each watcher is woken by a send to its own channel, where closing a channel and Broadcast of sync.Cond empty one list of the runtime. A Set that wakes a few watchers itself allocates a snapshot, seals the old snapshot and wakes the node of each waiter. More watchers are left to a goroutine that has to be started. It wakes some watchers, and each of these wakes the next before its Get returns. Each Get also stores that its watcher is busy, waits and is woken.",
	},
	{
		bench: "SetBusy", title: "Set with watchers parked, in a process that is busy",
		text:  "Four goroutines for each processor compute. One Set follows another after 20 ms, and the watchers share one context. Watchers that become runnable at once wait for the goroutines that compute. Here each woken watcher wakes the next, which Go runs before those goroutines.",
		units: []column{{"sec/set", "the Set call (median)"}, {"sec/last", "until the last watcher has the value"}},
		loses: "The reasons are those of a Set with watchers parked.",
	},
	{
		bench: "Latency", title: "Wake-up latency, watcher by watcher",
		text:  "The time from the beginning of a Set until each of 1,000 watchers has the value. One Set follows another after 10 ms.",
		units: []column{{"p50-sec", "median"}, {"p99-sec", "p99"}, {"p99.9-sec", "p99.9"}},
		loses: "The watchers wait for the wake-ups that the Set call leaves to others. The other reasons are those of a Set with watchers parked.",
	},
	{
		bench: "Producers", title: "Several producers and 1,000 watchers",
		text:  "Sets from 1 to 8 goroutines, each as fast as it can. The time is for one Set of all producers together. The second table shows how many values the watchers get. Producers that hold a mutex while they wake watchers are slower, and overtake their watchers less. More values got is neither better nor worse, because watchers conflate.",
		units: []column{{perOp, "a Set"}, {"gets/set", "values got for each Set"}},
		loses: "A Set allocates a snapshot and seals the old snapshot, even if no watcher waits again since the last Set. A rival that stores in place under a mutex, as replace-lazy does, then allocates and wakes nothing. A single producer usually finds that mutex free.",
	},
	{
		bench: "Churn", title: "1,000 watchers, a tenth of which time out and wait again",
		text:  "900 watchers wait; 100 others time out after 2.5 to 7.5 ms and wait again. A Set every 3 ms.",
		units: []column{{"sec/set", "the Set call (median)"}, {"sec/last", "until the last of the 900 has the value"}},
		loses: "A watcher that times out leaves its node on the stack until a sweep. The other reasons are those of a Set with watchers parked.",
	},
	{
		bench: "Combine", title: "A Set until it has come through a CombineAll",
		text:  "One of the sources is set. `pipes` is a Pipe for each source into one channel, a goroutine and a value. It makes a slice for each value, as a CombineAll does.",
		units: []column{{perOp, "a Set until it has come"}, {"allocs/op", "objects"}},
		loses: "Both make the same slice, which is most of the cost with many sources.",
	},
	{
		bench: "CombineGet", title: "A Set of one source and the Get of a CombineAll",
		text:  "`slice` only makes the slice that such a Get returns. `go test -run '^$' -bench MergeGet .` measures the Get without the slice.",
		units: []column{{perOp, "a Set and a Get"}, {"allocs/op", "objects"}},
		loses: "A Get makes the same slice and also looks at the sources that have changed.",
	},
	{
		bench: "ViewGet", title: "A Set and the TryGet through a view",
		text:  "`event` is the value itself. A Debounce holds each value back for a nanosecond, and is tried until it returns it.",
		units: []column{{perOp, "a Set and a TryGet"}, {"allocs/op", "objects"}},
		parts: true,
	},
	{
		bench: "Memo", title: "A Set and a TryGet of each watcher, of an encoding",
		text:  "`event` is a Memo, and `map` is a Map with the same function.",
		units: []column{{perOp, "a Set and all TryGets"}, {"allocs/op", "objects"}},
		loses: "One watcher has nothing to share, and a Memo allocates an object for each version.",
	},
	{
		bench: "ParkedBytes", title: "Memory of a parked watcher",
		text:  "10,000 watchers that share one context, each on its own goroutine, whose stack is counted apart. The heap includes the objects that the runtime allocates for goroutines that wait.",
		units: []column{{"heap-B/watcher", "heap, first Get under a context"}, {"heap2-B/watcher", "heap, later Gets"}, {"stack-B/watcher", "stack of the goroutine"}},
		loses: "A watcher keeps a node and a wake-up channel, which make later waits cheap. From its second Get under one context it also keeps a registration with the context. Rivals that wait in a select keep these on the stack, or have none.",
	},
	{
		bench: "Garbage", title: "Garbage of a million Sets a second",
		text:  "No watcher is parked. The collector's share is a share of the time of all processors, in a program with nothing else on its heap.",
		units: []column{{"B/set", "garbage a Set"}, {"objects/set", "objects a Set"}, {"gc-percent", "the collector's share"}, {"sets/s", "Sets a second"}},
		loses: "Each Set allocates a snapshot. A rival that stores in place makes no garbage.",
	},
}

const ofLooking = "`event` is a value that is not published, in a program that imports package inspect; in `unimported` the program does not import it. `published` is a published value, `tracked` a watcher that Track lists, and `page` a published value while a page is open. "

var ofInspect = []table{
	{
		bench: "InspectSet", title: "inspect: a Set with one watcher",
		text:  ofLooking + "The watcher does not wait.",
		units: []column{{perOp, "a Set"}, {"allocs/op", "objects"}},
		parts: true,
	},
	{
		bench: "InspectGet", title: "inspect: a Set and a Get",
		text:  ofLooking + "The Get need not wait.",
		units: []column{{perOp, "a Set and a Get"}, {"allocs/op", "objects"}},
		parts: true,
	},
	{
		bench: "InspectWatch", title: "inspect: Watch and Close",
		text:  ofLooking + "A tracked Watch also stores its stack.",
		units: []column{{perOp, "a Watch and a Close"}, {"allocs/op", "objects"}},
		parts: true,
	},
	{
		bench: "InspectPage", title: "inspect: 100 values and 10,000 tracked watchers",
		text:  "Each value is set once a second, by a program that does nothing else. `event` has no open page, and `page` has one. The unit is a hundredth of one processor.",
		units: []column{{"core-percent", "processor time, % of one processor"}},
		parts: true,
	},
	{
		bench: "InspectValues", title: "inspect: one look at 100 values and 10,000 tracked watchers",
		text:  "This is a call of inspect.Values, as an exporter does it for each scrape.",
		units: []column{{perOp, "a call of Values"}, {"allocs/op", "objects"}},
		parts: true,
	},
}

var ofEtcd = []table{
	{
		bench: "SetToGet", title: "etcd: from Set to Get, over loopback",
		text:  "The server is a process of its own. `naive` is a Watch of etcd's client for each watcher, where the watchers of this library share one. The next Set follows when all watchers have the value.",
		units: []column{{"p50-sec", "median"}, {"p99-sec", "p99"}},
	},
	{
		bench: "Sets", title: "etcd: 16 setters",
		text:  "Each setter waits for its Set before the next. One watcher follows.",
		units: []column{{"sets/s", "Sets a second"}},
	},
	{
		bench: "IdleReaders", title: "etcd: 1,000 watchers that do not read, and 1,000 values of 1 kB",
		text:  "The client keeps for each Watch of `naive` everything that was not read.",
		units: []column{{"kept-B", "memory kept"}},
	},
	{
		bench: "Idle", title: "etcd: values that do not change",
		text:  "Each value has one watcher that waits. Nothing is written.",
		units: []column{{"client-ms/s", "processor time of the client, ms per second"}, {"server-ms/s", "processor time of the server, ms per second"}},
	},
	{
		bench: "KilledLeader", title: "etcd: the leader of three is killed",
		text:  "The time from the kill until a watcher has a value that was set after it. The servers elect at the default ticks of etcd.",
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
	{"Set, no watcher parked", "atomic store of a fresh pointer-free 32-byte object",
		fig("Set", "", "event", perOp), fig("Set", "", "store", perOp), 1.5, 1.2, "A Set also publishes by a compare-and-swap, because there may be other producers, and seals the snapshot that it replaces."},
	{"Get with something new, cancellable context", "mutex and version compare (`cond`)",
		fig("Get", "", "event", perOp), fig("Get", "", "cond", perOp), 1.7, 1.3, "A Get also checks its context, and advances its watcher by a compare-and-swap."},
	{"Load, all cores reading", "bare atomic pointer load (`store`)",
		fig("Load", "", "event", perOp), fig("Load", "", "store", perOp), 1.5, 1.1, "Load also checks whether there is a snapshot and whether it has data. The rival only follows a pointer."},
	{"round trip, cancellable context", "sync.Cond without context (`cond`)",
		fig("RoundTrip", cancel, "event", perOp), fig("RoundTrip", cancel, "cond", perOp), 1.7, 1.3, "Two snapshots are allocated. Each Get marks its watcher busy, parks and is woken, each by an atomic operation, where the rival locks one mutex."},
	{"round trip, cancellable context", "one-element channels and select (`channel`)",
		fig("RoundTrip", cancel, "event", perOp), fig("RoundTrip", cancel, "channel", perOp), 0.9, 0.7, "Two snapshots are allocated, where the rival allocates nothing. The rival's mutex is not contended either."},
	{"round trip, cancellable context", "close-and-replace and select (`replace-eager`)",
		fig("RoundTrip", cancel, "event", perOp), fig("RoundTrip", cancel, "replace-eager", perOp), 0.62, 0.5, "The rival waits in a select and makes a channel for each Set. A Set of this library makes a snapshot. Each Get marks its watcher busy, parks and is woken, each by an atomic operation."},
	{"round trip, a fresh timeout each", "one-element channels and select (`channel`)",
		fig("RoundTrip", "ctx=timeout", "event", perOp), fig("RoundTrip", "ctx=timeout", "channel", perOp), 1.05, 0.9, "Both make a context with a timer, which is most of the time, and wait in a select on two channels. This library also allocates two snapshots. Each Get marks its watcher, parks and is woken, and each Set publishes and seals, all by atomic operations."},
	{"Set call, 10,000 parked", "sync.Cond Broadcast (`cond`)",
		fig("SetParked", shared+"10000", "event", "sec/set"), fig("SetParked", shared+"10000", "cond", "sec/set"), 0.02, 0.003, ""},
	{"Set call, 100,000 parked", "itself with 100 parked",
		fig("SetParked", shared+"100000", "event", "sec/set"), fig("SetParked", shared+"100", "event", "sec/set"), 2, 1.2, "Both calls start a goroutine, for which a processor is woken. After 100,000 goroutines have run, the caches no longer hold the memory that this needs."},
	{"Set to last of 1,000 has it", "sync.Cond (`cond`)",
		fig("SetParked", shared+"1000", "event", "sec/last"), fig("SetParked", shared+"1000", "cond", "sec/last"), 1.4, 1.0, "A Get that can be cancelled alone has its own node and channel, which are fetched into the cache to wake it. A waiter of a sync.Cond is in a list of the runtime."},
	{"Set to last of 10,000 has it", "sync.Cond (`cond`)",
		fig("SetParked", shared+"10000", "event", "sec/last"), fig("SetParked", shared+"10000", "cond", "sec/last"), 1.2, 0.9, "A Get that can be cancelled alone has its own node and channel, which are fetched into the cache to wake it. Those of 10,000 Gets are more than the caches hold. A waiter of a sync.Cond is in a list of the runtime."},
	{"heap a parked watcher, without its goroutine's stack, one shared context", "close-and-replace and select (`replace-eager`)",
		fig("ParkedBytes", shared+"10000", "event", "heap2-B/watcher"), fig("ParkedBytes", shared+"10000", "replace-eager", "heap2-B/watcher"), 1.5, 0.9, ""},
	{"Watch, first Get, Close", "(objects)",
		fig("WatchGetClose", "", "event", "allocs/op"), figure{}, 2, 1, ""},
}
