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

// slower is the smallest factor of a change that is reported.
const slower = 1.05

// A change is the change of a figure of this library, relative to its rivals.
type change struct {
	figure
	by float64 // the factor of the change
	p  float64
	// enough reports that there are enough rounds to find a change.
	enough bool
	worse  bool
}

// compareFiles writes the figures of this library that have become worse from
// one file of results to the other. It returns errSlower if there are any, and
// errUnsure if there may be some.
//
// It compares figures relative to the rivals that are in both files, and is
// therefore independent of the speed of the machine in a run and in a round.
// The U-test decides whether a change is significant. Its threshold is divided
// by the number of comparisons. The test considers the variation within a run.
// Some figures, such as a Set call with many parked watchers, also vary from
// run to run. A change of such a figure has to be confirmed by another run.
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
	var unsure []figure
	for _, c := range changes(before, after, figures) {
		switch {
		case c.worse:
			worse = append(worse, c)
		case !c.enough:
			unsure = append(unsure, c.figure)
		}
	}
	if len(lost) > 0 {
		fmt.Fprintf(w, "Not in %s, and so not compared: %s.\n", newer, before.names(lost))
	}
	if len(unsure) > 0 {
		fmt.Fprintf(w, "In %d and %d rounds, these were measured too few times to tell: %s.\n",
			before.rounds, after.rounds, before.names(unsure))
	}
	return conclude(w, worse, len(figures)-len(unsure), len(lost)+len(unsure) == 0)
}

// conclude writes the changes for the worse. decided is the number of figures
// that have been compared with enough rounds, and all reports whether these are
// all figures.
func conclude(w io.Writer, worse []change, decided int, all bool) error {
	switch {
	case len(worse) > 0:
		return writeChanges(w, worse)
	case decided == 0:
		fmt.Fprintln(w, "So it cannot be told whether anything has become worse.")
		return errUnsure
	case !all:
		fmt.Fprintln(w, "Nothing else has become significantly worse.")
		return errUnsure
	}
	fmt.Fprintln(w, "Nothing has become significantly worse.")
	return nil
}

// writeChanges writes a table of changes and returns errSlower.
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

// common returns the figures of this library that can become worse. The figures
// in both are in both files, the figures in lost only in the older one.
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

// names returns the names of figures of this library, in the order of the
// tables. If figures contains all figures of a benchmark, or many, it names the
// benchmark instead.
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

// many is the largest number of figures of a benchmark that are named one by
// one.
const many = 3

// cautions returns the reasons to doubt a comparison of two runs.
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

// changes returns the changes of the figures.
func changes(before, after *results, figures []figure) (cs []change) {
	thresholds := benchmath.DefaultThresholds
	thresholds.CompareAlpha /= float64(len(figures))
	for _, f := range figures {
		usual := norms(before, after, f)
		older := benchmath.NewSample(finite(before.relative(f, usual)), &thresholds)
		newer := benchmath.NewSample(finite(after.relative(f, usual)), &thresholds)
		c := change{figure: f, enough: enough(older, newer)}
		if c.enough {
			test := benchmath.AssumeNothing.Compare(older, newer)
			c.by, c.p = center(newer)/center(older), test.P
			c.worse = test.P < test.Alpha && worsening(f.unit, c.by) > slower
		}
		cs = append(cs, c)
	}
	return cs
}

// worsening converts a factor of a unit to the factor by which the unit has
// become worse.
func worsening(unit string, by float64) float64 {
	if better(unit) > 0 {
		return 1 / by
	}
	return by
}

// enough reports whether the samples are large enough for the test to find a
// difference. That is true if the test finds it when all values of one sample
// are below the other.
func enough(older, newer *benchmath.Sample) bool {
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

// norms returns a figure of each rival that is in both runs: the geometric mean
// of the two medians.
func norms(before, after *results, f figure) map[string]float64 {
	norms := map[string]float64{}
	for _, rival := range before.rivals(f.bench, f.unit) {
		theirs := figure{f.bench, f.params, rival, f.unit}
		older, newer := finite(before.values[theirs]), finite(after.values[theirs])
		if rival == "event" || len(older) == 0 || len(newer) == 0 || slices.Min(older) <= 0 || slices.Min(newer) <= 0 {
			continue // A zero does not depend on the machine.
		}
		norms[rival] = math.Sqrt(center(sample(older)) * center(sample(newer)))
	}
	return norms
}

// relative returns a figure of this library in each round, divided by the
// slowness of the machine in the round. The slowness is the geometric mean of
// the figures of the rivals, each relative to its norm, and so does not depend
// on which rivals run in a round. A round without rivals has no value. If no
// rival has a norm, relative returns the figures unchanged.
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
		values[i] /= math.Exp(logs / n) // NaN if the round has no rivals
	}
	return values
}

// finite returns the values that are numbers.
func finite(values []float64) []float64 {
	first, second := halves(values)
	return append(first, second...)
}
