package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchmath"
)

// slower is by how much something must have become slower to be of interest.
const slower = 1.05

// A change is how a figure of this library has changed, relative to its rivals.
type change struct {
	figure
	by float64 // a factor
	p  float64
	// telling: there are enough rounds to find a change, were there one.
	telling bool
	worse   bool
}

// compareFiles writes which figures of this library have become worse from one file of
// results to the other, and returns errSlower if there are any, or errUnsure if there may be. To be independent of
// the machine's speed on that day and in that round it compares what this library takes relative to the rivals that are
// in both files. What is significant is decided by the U-test, its threshold divided by the number
// of comparisons. That knows how much a figure varies within a run; what varies from one run to the next
// besides, as a Set call with many watchers parked does, has to show again in another.
func compareFiles(w io.Writer, older, newer string) error {
	before, err := readResults(older)
	if err != nil {
		return err
	}
	after, err := readResults(newer)
	if err != nil {
		return err
	}
	figures, lost := common(before, after)
	if len(figures) == 0 {
		return fmt.Errorf("%s and %s have nothing in common", older, newer)
	}
	for _, c := range cautions(before, after) {
		fmt.Fprintln(w, c)
	}
	pairs := after.pairs(before)
	fmt.Fprintf(w, "%d figures of this library compared; %d of %d ratios to rivals agree within their intervals.\n",
		len(figures), agreeing(pairs), len(pairs))
	var worse []change
	var untold []figure
	for _, c := range changes(before, after, figures) {
		switch {
		case c.worse:
			worse = append(worse, c)
		case !c.telling:
			untold = append(untold, c.figure)
		}
	}
	if len(lost) > 0 {
		fmt.Fprintf(w, "Not in %s, and so not compared: %s.\n", newer, before.names(lost))
	}
	if len(untold) > 0 {
		fmt.Fprintf(w, "In %d and %d rounds, these were measured too few times to tell: %s.\n",
			before.rounds, after.rounds, before.names(untold))
	}
	return conclude(w, worse, len(figures)-len(untold), len(lost)+len(untold) == 0)
}

// conclude writes what has become worse of so many figures that could tell, which may be all.
func conclude(w io.Writer, worse []change, told int, all bool) error {
	switch {
	case len(worse) > 0:
		return writeChanges(w, worse)
	case told == 0:
		fmt.Fprintln(w, "So it cannot be told whether anything has become worse.")
		return errUnsure
	case !all:
		fmt.Fprintln(w, "Nothing else has become significantly worse.")
		return errUnsure
	}
	fmt.Fprintln(w, "Nothing has become significantly worse.")
	return nil
}

func writeChanges(w io.Writer, worse []change) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "worse\tby\tp")
	for _, c := range worse {
		fmt.Fprintf(tw, "%s %s %s\t%+.0f %%\t%.2g\n", c.bench, c.params, c.unit, 100*(c.by-1), c.p)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	return errSlower
}

// common returns the figures of this library that can become worse and that both files have, and
// those that only the older one has.
func common(before, after *results) (both, lost []figure) {
	for _, f := range before.owned() {
		if len(after.values[f]) > 0 {
			both = append(both, f)
		} else {
			lost = append(lost, f)
		}
	}
	return both, lost
}

// owned returns the figures of this library that can become worse.
func (r *results) owned() (figures []figure) {
	for _, t := range r.tables() {
		for _, c := range t.units {
			for _, params := range r.params[t.bench] {
				f := figure{t.bench, params, "event", c.unit}
				if better(c.unit) != 0 && len(r.values[f]) > 0 {
					figures = append(figures, f)
				}
			}
		}
	}
	return figures
}

// names names some of this library's figures, in the order of the tables. Where that is all figures of a
// benchmark, or many, it names the benchmark.
func (r *results) names(figures []figure) string {
	all, some := map[string]int{}, map[string]int{}
	for _, f := range r.owned() {
		all[f.bench]++
	}
	for _, f := range figures {
		some[f.bench]++
	}
	var names []string
	for _, f := range figures {
		name := f.bench
		switch n := some[f.bench]; {
		case n == all[f.bench]:
		case n > many:
			name = fmt.Sprintf("%s (%d figures of %d)", f.bench, n, all[f.bench])
		default:
			name = strings.Join(strings.Fields(f.bench+" "+f.params+" "+f.unit), " ")
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// many is how many figures of a benchmark are named one by one, at most.
const many = 3

// cautions say what makes the comparison of two runs doubtful.
func cautions(before, after *results) (cs []string) {
	for _, k := range machineKeys {
		if !before.same(after, k) {
			cs = append(cs, fmt.Sprintf("The machines differ: %s is %q and then %q.", k, before.config[k], after.config[k]))
		}
	}
	for _, r := range []*results{before, after} {
		if strings.HasSuffix(r.path, part) {
			cs = append(cs, fmt.Sprintf("%s is of a run that ended early.", r.path))
		}
		if _, noisy := r.signs(); noisy {
			cs = append(cs, fmt.Sprintf("The machine was noisy during %s, by the signs in the report of it.", r.path))
		}
	}
	return cs
}

// changes returns how figures have changed.
func changes(before, after *results, figures []figure) (cs []change) {
	thresholds := benchmath.DefaultThresholds
	thresholds.CompareAlpha /= float64(len(figures))
	for _, f := range figures {
		usual := norms(before, after, f)
		older := benchmath.NewSample(finite(before.relative(f, usual)), &thresholds)
		newer := benchmath.NewSample(finite(after.relative(f, usual)), &thresholds)
		c := change{figure: f, telling: telling(older, newer)}
		if c.telling {
			test := benchmath.AssumeNothing.Compare(older, newer)
			c.by, c.p = center(newer)/center(older), test.P
			c.worse = test.P < test.Alpha && worsening(f.unit, c.by) > slower
		}
		cs = append(cs, c)
	}
	return cs
}

// worsening returns a factor as one by which a unit has become worse.
func worsening(unit string, by float64) float64 {
	if better(unit) > 0 {
		return 1 / by
	}
	return by
}

// telling reports whether the test could find a difference between samples of these sizes: whether it does
// if one is wholly below the other.
func telling(older, newer *benchmath.Sample) bool {
	n := len(older.Values)
	apart := make([]float64, n+len(newer.Values))
	for i := range apart {
		apart[i] = float64(i)
	}
	c := benchmath.AssumeNothing.Compare(
		benchmath.NewSample(apart[:n], older.Thresholds), benchmath.NewSample(apart[n:], older.Thresholds))
	return c.P < c.Alpha
}

func center(s *benchmath.Sample) float64 {
	return benchmath.AssumeNothing.Summary(s, confidence).Center
}

// norms returns what each rival takes that is in both runs: the geometric mean of both.
func norms(before, after *results, f figure) map[string]float64 {
	norms := map[string]float64{}
	for _, rival := range before.rivals(f.bench, f.unit) {
		theirs := figure{f.bench, f.params, rival, f.unit}
		older, newer := finite(before.values[theirs]), finite(after.values[theirs])
		if rival == "event" || len(older) == 0 || len(newer) == 0 || slices.Min(older) <= 0 || slices.Min(newer) <= 0 {
			continue // What is zero tells nothing of the machine.
		}
		norms[rival] = math.Sqrt(center(sample(older)) * center(sample(newer)))
	}
	return norms
}

// relative returns a figure of this library in each round, divided by how slow the machine was
// then: by the geometric mean of what the rivals of that round took, each relative to its norm. So it does not
// matter which rivals run in which rounds. A round without rivals has no value, unless no rival has a norm.
func (r *results) relative(f figure, norms map[string]float64) []float64 {
	values := slices.Clone(r.values[f])
	if len(norms) == 0 {
		return values
	}
	for i := range values {
		logs, n := 0.0, 0.0
		for rival, norm := range norms {
			theirs := r.values[figure{f.bench, f.params, rival, f.unit}]
			if i < len(theirs) && !math.IsNaN(theirs[i]) {
				logs += math.Log(theirs[i] / norm)
				n++
			}
		}
		values[i] /= math.Exp(logs / n) // NaN, if there are none
	}
	return values
}

func finite(values []float64) []float64 {
	first, second := halves(values)
	return append(first, second...)
}
