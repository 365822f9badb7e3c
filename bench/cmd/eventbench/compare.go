package main

import (
	"fmt"
	"io"
	"math"
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
// the machine's speed on that day it compares the ratios to the geometric mean of all rivals of
// the same round. What is significant is decided by the U-test, its threshold divided by the number
// of comparisons.
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
		older := benchmath.NewSample(finite(before.relative(f)), &thresholds)
		newer := benchmath.NewSample(finite(after.relative(f)), &thresholds)
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

// relative returns a figure of this library in each round, divided by the geometric mean of
// all rivals' that are not zero; as it is, if there are none.
func (r *results) relative(f figure) []float64 {
	values := append([]float64{}, r.values[f]...)
	logs, n := make([]float64, len(values)), 0
	for _, rival := range r.rivals(f.bench, f.unit) {
		theirs := r.values[figure{f.bench, f.params, rival, f.unit}]
		if rival == "event" || len(theirs) != len(values) || center(sample(finite(theirs))) == 0 {
			continue
		}
		n++
		for i := range logs {
			logs[i] += math.Log(theirs[i])
		}
	}
	for i := range values {
		if n > 0 {
			values[i] /= math.Exp(logs[i] / float64(n))
		}
	}
	return values
}

func finite(values []float64) []float64 {
	first, second := halves(values)
	return append(first, second...)
}
