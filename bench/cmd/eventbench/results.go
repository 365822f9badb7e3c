package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchproc"
)

// A figure identifies a measured quantity: one unit of one sub-benchmark.
type figure struct {
	bench  string // without Benchmark
	params string // without the rival: "ctx=shared/watchers=100"
	rival  string
	unit   string // tidied, so it has seconds and bytes
}

// name returns the name of the sub-benchmark.
func (f figure) name() string {
	name := "Benchmark" + f.bench + "/rival=" + f.rival
	if f.params != "" {
		name += "/" + f.params
	}
	return name
}

// results are the results of one run.
type results struct {
	path   string
	before *results // the results of the run before on the same machine, or nil
	config map[string]string
	rounds int
	// values has the value of each figure in each round, or NaN.
	values map[figure][]float64
	// params has the params of each benchmark, in order.
	params map[string][]string
	loads  []float64
	// arithmetic has the results of all calibrations, by unit.
	arithmetic map[string][]float64
}

// readResults reads a file of benchmark results.
func readResults(path string) (*results, error) {
	r := &results{
		path:       path,
		config:     map[string]string{},
		values:     map[figure][]float64{},
		params:     map[string][]string{},
		arithmetic: map[string][]float64{},
	}
	p, err := newProjections()
	if err != nil {
		return nil, err
	}
	files := benchfmt.Files{Paths: []string{path}}
	for files.Scan() {
		switch rec := files.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, rec
		case *benchfmt.Result:
			if err := r.add(rec, p); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if err := files.Err(); err != nil {
		return nil, err
	}
	if len(r.values) == 0 {
		return nil, fmt.Errorf("%s: no results", path)
	}
	r.params = p.ordered()
	return r, nil
}

// add adds the results of one line.
func (r *results) add(rec *benchfmt.Result, p *projections) error {
	round, err := strconv.Atoi(rec.GetConfig("round"))
	if err != nil || round < 1 {
		return fmt.Errorf("%s is in no round", rec.Name)
	}
	if r.rounds < round {
		r.rounds = round
		if load, err := strconv.ParseFloat(rec.GetConfig("load"), 64); err == nil {
			r.loads = append(r.loads, load)
		}
	}
	for _, c := range rec.Config {
		if c.File && r.config[c.Key] == "" {
			r.config[c.Key] = string(c.Value)
		}
	}
	bench, rival, params := p.project(rec)
	for _, v := range rec.Values {
		if !(v.Value >= 0) || math.IsInf(v.Value, 0) {
			_, line := rec.Pos()
			return fmt.Errorf("line %d: %s has %v %s, which cannot be", line, rec.Name, v.Value, v.Unit)
		}
		if "Benchmark"+bench+"/" == calibrate {
			r.arithmetic[v.Unit] = append(r.arithmetic[v.Unit], v.Value)
			continue
		}
		f := figure{bench, params, rival, v.Unit}
		for len(r.values[f]) < round {
			r.values[f] = append(r.values[f], math.NaN())
		}
		if !math.IsNaN(r.values[f][round-1]) {
			return fmt.Errorf("%s is twice in round %d", rec.Name, round)
		}
		r.values[f][round-1] = v.Value
	}
	return nil
}

// whole reports whether the run was complete: the file has all rounds, and each
// round has its two calibrations.
func (r *results) whole() bool {
	return strconv.Itoa(r.rounds) == r.config["rounds"] && len(r.arithmetic["sec/one"]) == 2*r.rounds
}

// sameMachine reports whether two runs were made under conditions that give the
// same results for the same code.
func (r *results) sameMachine(other *results) bool {
	return r.same(other, machineKeys...)
}

var machineKeys = []string{"cpu", "goos", "goarch", "gomaxprocs", "goversion"}

// sameCode reports whether two runs measured the same test binaries.
func (r *results) sameCode(other *results) bool { return r.same(other, "binaries") }

func (r *results) same(other *results, keys ...string) bool {
	for _, k := range keys {
		if r.config[k] != other.config[k] {
			return false
		}
	}
	return true
}

// projections split the names of benchmarks.
type projections struct {
	bench, rival, params *benchproc.Projection
	seen                 map[string][]benchproc.Key // the params of a benchmark
}

func newProjections() (*projections, error) {
	p := &projections{seen: map[string][]benchproc.Key{}}
	filter, err := benchproc.NewFilter("*")
	if err != nil {
		return nil, err
	}
	var parser benchproc.ProjectionParser
	for expr, to := range map[string]**benchproc.Projection{
		".name": &p.bench, "/rival": &p.rival, "/ctx,/watchers@num,/producers@num,/sources@num,/values@num": &p.params,
	} {
		if *to, err = parser.Parse(expr, filter); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *projections) project(rec *benchfmt.Result) (bench, rival, params string) {
	bench = p.bench.Project(rec).StringValues()
	rival = cmp.Or(p.rival.Project(rec).StringValues(), "event")
	key := p.params.Project(rec)
	if !slices.Contains(p.seen[bench], key) {
		p.seen[bench] = append(p.seen[bench], key)
	}
	return bench, rival, paramsOf(key)
}

// paramsOf returns a key in the form that it has in the name of a benchmark.
func paramsOf(key benchproc.Key) string {
	var parts []string
	for _, f := range key.Projection().FlattenedFields() {
		if val := key.Get(f); val != "" {
			parts = append(parts, strings.TrimPrefix(f.Name, "/")+"="+val)
		}
	}
	return strings.Join(parts, "/")
}

// ordered returns the params of each benchmark in order.
func (p *projections) ordered() map[string][]string {
	params := map[string][]string{}
	for bench, keys := range p.seen {
		benchproc.SortKeys(keys)
		slices.SortStableFunc(keys, func(a, b benchproc.Key) int {
			return cmp.Compare(slices.Index(contexts, contextOf(a)), slices.Index(contexts, contextOf(b)))
		})
		for _, key := range keys {
			params[bench] = append(params[bench], paramsOf(key))
		}
	}
	return params
}

// contexts has the contexts in the order in which they are shown.
var contexts = []string{"none", "cancel", "timeout", "shared", "own"}

// contextOf returns the context of a key of params.
func contextOf(key benchproc.Key) string { return key.Get(key.Projection().Fields()[0]) }

// order has the contenders in the order in which they are shown. All other
// contenders come last.
var order = []string{
	"event", "store", "poll", "cond", "cond-fresh", "cond-context", "channel",
	"replace-eager", "replace-lazy", "juniper", "msync", "ro", "pipes", "slice", "get", "goroutine",
}

// rivals returns the contenders with results of a benchmark, in order, with
// this library first.
func (r *results) rivals(bench, unit string) []string {
	found := map[string]bool{}
	for f := range r.values {
		if f.bench == bench && f.unit == unit {
			found[f.rival] = true
		}
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	rank := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	return names
}
