package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// headlines returns the five most important results, one sentence each. The
// last is the score.
func (w *writer) headlines() []string {
	return []string{
		w.sentence("**Set, no watcher parked%s:** %s times a plain atomic store of a new object; %s times closing a channel and making a new one with each Set; %s times an uncontended mutex.",
			fig("Set", "", "event", perOp), "store", "replace-eager", "cond"),
		w.sentence("**Set with 10,000 watchers parked%s:** %s times sync.Cond and %s times closing a channel, because the call leaves the waking to another goroutine.",
			fig("SetParked", shared+"10000", "event", "sec/set"), "cond", "replace-eager"),
		w.sentence("**Until the last of 10,000 watchers has the value%s:** %s times sync.Cond, whose waits cannot be cancelled, and %s times closing a channel.",
			fig("SetParked", shared+"10000", "event", "sec/last"), "cond", "replace-eager"),
		w.sentence("**Round trip between two goroutines, under a context that can be cancelled%s:** %s times sync.Cond; %s times channels of one element; %s times closing a channel.",
			fig("RoundTrip", cancel, "event", perOp), "cond", "channel", "replace-eager"),
		w.score(),
	}
}

// sentence fills this library's figure, if it is shown, and its ratios to
// rivals into format.
func (w *writer) sentence(format string, own figure, rivals ...string) string {
	text := ""
	if v, ok := w.r.value(own); !ok {
		w.miss(own)
	} else if w.shows(own.unit) {
		text = ", " + quantity(v.Center, own.unit)
	}
	args := []any{text}
	for _, rival := range rivals {
		text := "?"
		if q, ok := w.r.ratio(own, figure{own.bench, own.params, rival, own.unit}); ok {
			text = fmt.Sprintf("%s %s", number(q.Center), q.interval())
			if q.noise {
				text += " *(noise)*"
			}
		} else {
			w.miss(figure{own.bench, own.params, rival, own.unit})
		}
		args = append(args, text)
	}
	return fmt.Sprintf(format, args...)
}

// miss records that a figure is missing.
func (w *writer) miss(f figure) {
	if name := f.name() + " " + f.unit; !slices.Contains(w.missing, name) {
		w.missing = append(w.missing, name)
	}
}

// score writes the number of ratios in which this library takes less, and the
// number in which it takes more.
func (w *writer) score() string {
	less, more, all := 0, 0, 0
	for _, q := range w.comparisons() {
		all++
		switch {
		case q.worse():
			more++
		case q.below(1):
			less++
		}
	}
	return fmt.Sprintf("**In %d comparisons this library takes less in %d and more in %d.** The others are undecided.", all, less, more)
}

// A comparison is a ratio to a rival.
type comparison struct {
	summary
	figure        // the figure of the rival
	infinite bool // this library's figure is positive, and the rival's is 0
}

// worse reports whether this library certainly takes more.
func (c comparison) worse() bool { return c.infinite || c.above(1) }

// comparisons returns all ratios to rivals of units in which less is better, in
// the order of the tables.
func (w *writer) comparisons() []comparison {
	if w.compared != nil {
		return w.compared
	}
	for _, t := range w.r.tables() {
		for _, c := range t.units {
			if t.parts || !lessIsBetter(c.unit) {
				continue
			}
			for _, rival := range w.r.rivals(t.bench, c.unit) {
				for _, params := range w.r.params[t.bench] {
					f := figure{t.bench, params, rival, c.unit}
					if q, ok := w.r.comparison(f); ok && rival != "event" {
						w.compared = append(w.compared, q)
					}
				}
			}
		}
	}
	return w.compared
}

// comparison compares a rival's figure with this library's.
func (r *results) comparison(rival figure) (comparison, bool) {
	own := figure{rival.bench, rival.params, "event", rival.unit}
	if q, ok := r.ratio(own, rival); ok {
		return comparison{summary: q, figure: rival}, true
	}
	mine, ok := r.value(own)
	theirs, ok2 := r.value(rival)
	none := ok && ok2 && mine.Center > 0 && theirs.Center == 0
	return comparison{figure: rival, infinite: none}, none
}

// better returns -1 if a smaller figure of the unit is better, 1 if a larger
// figure is better, and 0 if neither is.
func better(unit string) int {
	switch unit {
	case "sets/s":
		return 1
	case "gets/set":
		return 0 // Watchers conflate.
	}
	return -1
}

func lessIsBetter(unit string) bool { return better(unit) < 0 }

// losses writes where this library certainly takes more, workload by workload.
func (w *writer) losses() {
	w.line("%s", "## Where it loses, and why")
	w.line("")
	any := false
	for _, t := range w.r.tables() {
		lines := []string{}
		for _, c := range t.units {
			if lost := w.lost(t, c); len(lost) > 0 {
				lines = append(lines, fmt.Sprintf("  - %s: %s", c.title, strings.Join(lost, "; ")))
			}
		}
		if len(lines) > 0 {
			any = true
			w.line("- **%s.** %s", t.title, t.loses)
			w.line("%s", strings.Join(lines, "\n"))
		}
	}
	if !any {
		w.line("In this run, nowhere for certain.")
	}
	w.line("")
}

// lost returns one text for each rival whose figure of the unit is smaller than
// this library's, with the ratio and the params. A last text lists the rivals
// whose figure is 0.
func (w *writer) lost(t table, c column) (lost []string) {
	var none []string
	for _, rival := range w.r.rivals(t.bench, c.unit) {
		var at, noneAt []string
		lo, hi := math.Inf(1), 0.0
		for _, cmp := range w.comparisons() {
			if cmp.bench != t.bench || cmp.unit != c.unit || cmp.rival != rival || !cmp.worse() {
				continue
			}
			if cmp.infinite {
				noneAt = append(noneAt, cmp.params)
				continue
			}
			lo, hi = min(lo, cmp.Center), max(hi, cmp.Center)
			at = append(at, cmp.params)
		}
		if len(at) > 0 {
			lost = append(lost, fmt.Sprintf("%s times %s%s", span(lo, hi), rival, w.where(t.bench, at)))
		}
		if len(noneAt) > 0 {
			none = append(none, rival+w.where(t.bench, noneAt))
		}
	}
	if len(none) > 0 {
		lost = append(lost, "some, where there is none: "+strings.Join(none, ", "))
	}
	return lost
}

// where returns the params in parentheses, or "" if they are all params of the
// benchmark.
func (w *writer) where(bench string, params []string) string {
	if len(params) == len(w.r.params[bench]) {
		return ""
	}
	for i, p := range params {
		params[i] = strings.ReplaceAll(p, "/", " ")
	}
	return " (" + strings.Join(params, ", ") + ")"
}

// span returns a range of numbers.
func span(lo, hi float64) string {
	if number(lo) == number(hi) {
		return number(lo)
	}
	return number(lo) + " to " + number(hi)
}
