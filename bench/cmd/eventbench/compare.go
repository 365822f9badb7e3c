package main

import (
	"fmt"
	"io"
	"math"
	"slices"
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
}

// compareFiles writes which figures of this library have become worse from one file of
// results to the other, and returns errSlower if there are any. To be independent of
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
	var figures []figure
	for _, t := range after.tables() {
		for _, c := range t.units {
			for _, params := range after.params[t.bench] {
				f := figure{t.bench, params, "event", c.unit}
				if lessIsBetter(c.unit) && len(before.values[f]) > 0 && len(after.values[f]) > 0 {
					figures = append(figures, f)
				}
			}
		}
	}
	if len(figures) == 0 {
		return fmt.Errorf("%s and %s have nothing in common", older, newer)
	}
	worse := changes(before, after, figures)
	pairs := after.pairs(before)
	fmt.Fprintf(w, "%d figures of this library compared; %d of %d ratios to rivals agree within their intervals.\n",
		len(figures), agreeing(pairs), len(pairs))
	if len(worse) == 0 {
		fmt.Fprintln(w, "Nothing has become significantly worse.")
		return nil
	}
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

// changes returns what has become worse.
func changes(before, after *results, figures []figure) (worse []change) {
	thresholds := benchmath.DefaultThresholds
	thresholds.CompareAlpha /= float64(len(figures))
	for _, f := range figures {
		usual := norms(before, after, f)
		older := benchmath.NewSample(finite(before.relative(f, usual)), &thresholds)
		newer := benchmath.NewSample(finite(after.relative(f, usual)), &thresholds)
		c := benchmath.AssumeNothing.Compare(older, newer)
		by := center(newer) / center(older)
		if c.P < c.Alpha && by > slower {
			worse = append(worse, change{f, by, c.P})
		}
	}
	return worse
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
