package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/perf/benchmath"
	"golang.org/x/perf/benchunit"
)

// The statistics are the ones of benchmath that assume nothing about the
// distribution of measurements: medians, their confidence intervals by order
// statistics, and the Mann-Whitney U-test.

const confidence = 0.95

// A summary is a median and its confidence interval.
type summary struct {
	benchmath.Summary
	noise bool // the halves of the run contradict each other, or another run contradicts it
}

// summarize summarizes a sample that is in the order of the rounds.
func summarize(values []float64) (s summary, ok bool) {
	first, second := halves(values)
	all := append(append([]float64{}, first...), second...)
	if len(all) == 0 {
		return s, false
	}
	s.Summary = benchmath.AssumeNothing.Summary(sample(all), confidence)
	if len(first) > 0 && len(second) > 0 {
		c := benchmath.AssumeNothing.Compare(sample(first), sample(second))
		s.noise = c.P < c.Alpha
	}
	return s, true
}

func sample(values []float64) *benchmath.Sample {
	return benchmath.NewSample(append([]float64{}, values...), &benchmath.DefaultThresholds)
}

// halves returns the values of the first half of the rounds and of the second.
func halves(values []float64) (first, second []float64) {
	for i, v := range values {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
		case i < len(values)/2:
			first = append(first, v)
		default:
			second = append(second, v)
		}
	}
	return first, second
}

// value summarizes one figure.
func (r *results) value(f figure) (summary, bool) { return summarize(r.values[f]) }

// ratio summarizes the quotients of two figures in the same round. A slow
// machine affects both figures of a round. ratio reports false if the median of
// den is 0 and the median of num is not.
func (r *results) ratio(num, den figure) (summary, bool) {
	if d, ok := r.value(den); ok && d.Center == 0 {
		if n, ok := r.value(num); ok && n.Center > 0 {
			return summary{}, false
		}
	}
	s, ok := summarize(r.quotients(num, den))
	if ok && r.before != nil && r.sameCode(r.before) {
		other, ok := r.before.ratio(num, den)
		s.noise = s.noise || ok && !s.overlaps(other)
	}
	return s, ok
}

func (r *results) quotients(num, den figure) []float64 {
	a, b := r.values[num], r.values[den]
	q := make([]float64, min(len(a), len(b)))
	for i := range q {
		q[i] = a[i] / b[i]
		if a[i] == 0 && b[i] == 0 {
			q[i] = 1
		}
	}
	return q
}

// above and below report whether the whole interval is above or below x. Noise
// is never below, so that this library cannot win by noise. But noise can be
// above, so that this library can lose.
func (s summary) above(x float64) bool { return s.Lo > x && s.bounded() }
func (s summary) below(x float64) bool { return s.Hi < x && s.bounded() && !s.noise }

// bounded reports whether there were enough rounds for an interval.
func (s summary) bounded() bool { return !math.IsInf(s.Lo, 0) && !math.IsInf(s.Hi, 0) }

// overlaps reports whether two intervals overlap.
func (s summary) overlaps(t summary) bool { return s.Lo <= t.Hi && t.Lo <= s.Hi }

// interval returns the text of the confidence interval.
func (s summary) interval() string {
	if !s.bounded() {
		return "[?]"
	}
	return fmt.Sprintf("[%s, %s]", number(s.Lo), number(s.Hi))
}

// number returns the text of a number without a unit, with three digits.
func number(x float64) string {
	switch {
	case x == 0:
		return "0"
	case math.Abs(x) >= 99.95:
		return fmt.Sprintf("%.0f", x)
	case math.Abs(x) >= 9.995:
		return fmt.Sprintf("%.1f", x)
	case math.Abs(x) >= 0.0995:
		return fmt.Sprintf("%.2f", x)
	}
	// A smaller number has two digits, and never an exponent.
	return strconv.FormatFloat(x, 'f', 1-int(math.Floor(math.Log10(math.Abs(x)))), 64)
}

// quantity returns the text of a value with its unit, without the denominator
// of the unit.
func quantity(x float64, unit string) string {
	unit, _, _ = strings.Cut(unit, "/")
	if i := strings.LastIndex(unit, "-"); i >= 0 {
		unit = unit[i+1:]
	}
	switch unit {
	case "sec":
		if x == 0 {
			return "0"
		}
		s := benchunit.Scale(x, benchunit.Decimal)
		prefix := strings.TrimLeft(s, "-0123456789.")
		return number(mustParse(strings.TrimSuffix(s, prefix))) + " " + prefix + "s"
	case "B":
		return number(x) + " B"
	case "percent":
		return number(x) + " %"
	}
	return number(x)
}

func mustParse(s string) float64 {
	var x float64
	if _, err := fmt.Sscan(s, &x); err != nil {
		panic(err)
	}
	return x
}

// measured returns the text of a summary with its unit and the width of its
// interval.
func (s summary) measured(unit string) string {
	text := quantity(s.Center, unit)
	if s.Lo == s.Hi {
		return text
	}
	return text + " ± " + s.PctRangeString()
}
