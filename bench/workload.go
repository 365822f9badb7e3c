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

// A Workload is one measurement of all contenders that it suits.
type Workload struct {
	// Name is the name of the benchmark without "Benchmark".
	Name string
	// Contexts, Watchers, Producers and Sources are the values of its parameters.
	// If one is empty, the names of the sub-benchmarks do not have that parameter.
	Contexts  []string
	Watchers  []int
	Producers []int
	Sources   []int

	// alone reports that the workload uses no contender.
	alone bool
	// own contains the contenders of a workload that suits no others. They have
	// names only.
	own []Contender
	// suits reports whether the workload suits c. If it is nil, the workload
	// suits all contenders that Only allows.
	suits func(c Contender, a args) bool
	// iterations returns the duration of the benchmark, in the format of
	// -benchtime.
	iterations func(a args) string
	run        func(b *testing.B, c Contender, a args)
}

// args are the parameters of one sub-benchmark.
type args struct {
	context   string
	watchers  int
	producers int
	sources   int
}

// The kinds of contexts of a watcher.
const (
	ctxNone    = "none"    // a context that never ends
	ctxCancel  = "cancel"  // a context that can be canceled
	ctxTimeout = "timeout" // a fresh context with a timeout for each Get
	ctxShared  = "shared"  // a context that can be canceled, the same for all watchers
	ctxOwn     = "own"     // a context that can be canceled, one for each watcher
)

// million is a number of watchers that is measured only on demand.
const million = 1_000_000

var withMillion bool

// Workloads returns all workloads.
func Workloads() []Workload {
	return []Workload{
		Calibrate, Set, Get, TryGet, Load, SetGet, WatchGetClose, Until, RoundTrip,
		SetParked, SetBusy, Latency, Producers, Churn, ParkedBytes, Garbage,
		Combine, CombineGet, ViewGet, Memo, InspectSet, InspectGet, InspectWatch,
	}
}

// Benchmark runs the workload for each of the contenders that it suits, in
// sub-benchmarks.
func (w Workload) Benchmark(b *testing.B, contenders []Contender) {
	for _, c := range w.cells(contenders) {
		b.Run(c.name, func(b *testing.B) { w.measure(b, c) })
	}
}

// patience is the longest duration of a run. Only a contender that loses values
// takes as long.
var patience = 2 * time.Minute

// measure runs the workload for one cell. It fails b if the workload does not
// return, because a watcher whose value is lost waits permanently, and some
// contenders cannot be canceled. Workloads must not use a context that ends
// with b: a watcher that is left would return and use b.
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
	if w.own != nil {
		if !slices.ContainsFunc(contenders, func(c Contender) bool { return c.Name == own }) {
			return nil // They are measured where this library is.
		}
		contenders = w.own
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
				for _, sources := range orNone(w.Sources) {
					if watchers < million || withMillion {
						as = append(as, args{ctx, watchers, producers, sources})
					}
				}
			}
		}
	}
	return as
}

// orNone returns s, or one zero value if s is empty.
func orNone[T any](s []T) []T {
	if len(s) == 0 {
		s = make([]T, 1)
	}
	return s
}

// String returns the part of the name of a sub-benchmark after its contender.
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
	if a.sources > 0 {
		fmt.Fprintf(&s, "/sources=%d", a.sources)
	}
	return s.String()
}

// heeds reports whether a context can end Get of c.
func heeds(c Contender, _ args) bool { return !c.IgnoresContext }

func always(benchtime string) func(args) string {
	return func(args) string { return benchtime }
}

// Main is the TestMain of a test binary with benchmarks over these contenders.
// It adds two flags. -cells prints the name and the -benchtime of each
// sub-benchmark, which eventbench reads. -million adds sub-benchmarks with a
// million watchers.
func Main(m *testing.M, contenders []Contender) {
	MainOf(m, func() []string { return Cells(contenders) })
}

// MainOf is Main for benchmarks that are not those of Workloads. cells returns
// the name and the -benchtime of each sub-benchmark, as Cells does.
func MainOf(m *testing.M, cells func() []string) {
	list := flag.Bool("cells", false, "print the sub-benchmarks and the -benchtime of each")
	flag.BoolVar(&withMillion, "million", false, "also measure with a million watchers")
	flag.Parse()
	if !*list {
		os.Exit(m.Run())
	}
	for _, name := range cells() {
		fmt.Println(name)
	}
}

// Cells returns the name and the -benchtime of each sub-benchmark.
func Cells(contenders []Contender) (names []string) {
	for _, w := range Workloads() {
		for _, c := range w.cells(contenders) {
			names = append(names, fmt.Sprintf("Benchmark%s/%s %s", w.Name, c.name, w.iterations(c.args)))
		}
	}
	return names
}
