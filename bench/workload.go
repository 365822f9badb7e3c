package bench

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// A Workload is something that is measured of all contenders that are able to do it.
type Workload struct {
	// Name is that of the benchmark, without Benchmark.
	Name string
	// Contexts, Watchers and Producers are what it is measured with. Without any, the
	// benchmark's name does not have it.
	Contexts  []string
	Watchers  []int
	Producers []int

	// alone: it is about no contender.
	alone bool
	// suits reports whether c is able to do it, if it does not follow from Only.
	suits func(c Contender, a args) bool
	// iterations is how long the runner lets it run, as -benchtime has it.
	iterations func(a args) string
	run        func(b *testing.B, c Contender, a args)
}

// args are the parameters of one sub-benchmark.
type args struct {
	context   string
	watchers  int
	producers int
}

// What a watcher's context may be.
const (
	ctxNone    = "none"    // one that never ends
	ctxCancel  = "cancel"  // one that can be cancelled
	ctxTimeout = "timeout" // a fresh one with a timeout for each Get
	ctxShared  = "shared"  // one that can be cancelled, the same for all watchers
	ctxOwn     = "own"     // one that can be cancelled for each watcher
)

// million is a size that is measured only on demand.
const million = 1_000_000

var withMillion bool

// Workloads returns all.
func Workloads() []Workload {
	return []Workload{
		Calibrate, Set, Get, Load, SetGet, WatchGetClose, RoundTrip,
		SetParked, SetBusy, Latency, Producers, Churn, ParkedBytes, Garbage,
	}
}

// Benchmark runs the workload for each of the contenders that are able to do it, in
// sub-benchmarks.
func (w Workload) Benchmark(b *testing.B, contenders []Contender) {
	for _, c := range w.cells(contenders) {
		b.Run(c.name, func(b *testing.B) { w.measure(b, c) })
	}
}

// patience is how long a run may take. Only what loses values takes as long.
var patience = 2 * time.Minute

// measure runs the workload for one cell. Who waits for a value that never comes would wait
// for ever, and not all contenders can be told to stop: so that is seen from outside. Workloads
// use no context that ends with b: who is left waiting must not come back and use it.
func (w Workload) measure(b *testing.B, c cell) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(b, c.contender, c.args)
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
		b.Fatalf("%s/%s: a value that was set does not arrive", w.Name, c.name)
	}
}

// A cell is one sub-benchmark.
type cell struct {
	name      string
	contender Contender
	args      args
}

func (w Workload) cells(contenders []Contender) (cells []cell) {
	if w.alone {
		contenders = []Contender{{Name: "none"}}
	}
	for _, c := range contenders {
		if len(c.Only) > 0 && !slices.Contains(c.Only, w.Name) {
			continue
		}
		for _, a := range w.args() {
			if w.suits == nil || w.suits(c, a) {
				cells = append(cells, cell{"rival=" + c.Name + a.String(), c, a})
			}
		}
	}
	return cells
}

func (w Workload) args() (as []args) {
	for _, ctx := range orNone(w.Contexts) {
		for _, watchers := range orNone(w.Watchers) {
			for _, producers := range orNone(w.Producers) {
				if watchers < million || withMillion {
					as = append(as, args{ctx, watchers, producers})
				}
			}
		}
	}
	return as
}

// orNone returns s, or a zero if it is empty.
func orNone[T any](s []T) []T {
	if len(s) == 0 {
		s = make([]T, 1)
	}
	return s
}

// String returns what follows the contender's name in the benchmark's.
func (a args) String() string {
	var s strings.Builder
	if a.context != "" {
		fmt.Fprintf(&s, "/ctx=%s", a.context)
	}
	if a.watchers > 0 {
		fmt.Fprintf(&s, "/watchers=%d", a.watchers)
	}
	if a.producers > 0 {
		fmt.Fprintf(&s, "/producers=%d", a.producers)
	}
	return s.String()
}

func heeds(c Contender, _ args) bool { return !c.IgnoresContext }

func always(benchtime string) func(args) string {
	return func(args) string { return benchtime }
}

// Main is the TestMain of a test binary with benchmarks over these contenders. It gives it two
// flags: -cells prints the name of each sub-benchmark and the -benchtime that
// suits it, for the runner; -million adds a million watchers where that makes sense.
func Main(m *testing.M, contenders []Contender) {
	list := flag.Bool("cells", false, "print the sub-benchmarks and how long to run each")
	flag.BoolVar(&withMillion, "million", false, "also measure with a million watchers")
	flag.Parse()
	if !*list {
		os.Exit(m.Run())
	}
	for _, name := range Cells(contenders) {
		fmt.Println(name)
	}
}

// Cells returns for each sub-benchmark its name and the -benchtime that suits it.
func Cells(contenders []Contender) (names []string) {
	for _, w := range Workloads() {
		for _, c := range w.cells(contenders) {
			names = append(names, fmt.Sprintf("Benchmark%s/%s %s", w.Name, c.name, w.iterations(c.args)))
		}
	}
	return names
}
