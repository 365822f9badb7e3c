package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// answer writes the five lines that most want to know, and a plot.
func (w *writer) answer() {
	for i, s := range []string{
		w.sentence("**Set, nobody waiting: %s.** That is %s times a bare atomic store of a fresh object, %s times a channel closed and made anew with each Set, and %s times a mutex that nobody contends: there we lose.",
			fig("Set", "", "event", perOp), "store", "replace-eager", "cond"),
		w.sentence("**Set with 10,000 watchers waiting: %s,** %s times what sync.Cond takes and %s times closing a channel, since waking is handed off.",
			fig("SetParked", shared+"10000", "event", "sec/set"), "cond", "replace-eager"),
		w.sentence("**Until the last of those has the value: %s,** %s times sync.Cond, which cannot be cancelled, and %s times closing a channel.",
			fig("SetParked", shared+"10000", "event", "sec/last"), "cond", "replace-eager"),
		w.sentence("**Two goroutines that answer each other, under a context that can be cancelled: %s there and back,** %s times sync.Cond, %s times channels of one element, %s times closing a channel.",
			fig("RoundTrip", cancel, "event", perOp), "cond", "channel", "replace-eager"),
		w.score(),
	} {
		w.line("%d. %s", i+1, s)
	}
	w.line("")
	if w.r.full() {
		w.line("%s", "![The Set call against the number of watchers that wait](bench/results/set.svg)")
		w.line("")
	}
}

// sentence fills in this library's figure and then its ratios to rivals.
func (w *writer) sentence(format string, own figure, rivals ...string) string {
	text := "?"
	if v, ok := w.r.value(own); ok {
		text = quantity(v.Center, own.unit)
	} else {
		w.miss(own)
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

// miss notes that there is no figure.
func (w *writer) miss(f figure) {
	if name := f.name() + " " + f.unit; !slices.Contains(w.missing, name) {
		w.missing = append(w.missing, name)
	}
}

// score counts in how many ratios this library takes less, and in how many more.
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
	return fmt.Sprintf("**Of %d comparisons below, this library takes less in %d and more in %d**; the rest is undecided. Where it loses, and why, comes first.", all, less, more)
}

// A comparison is a ratio to a rival.
type comparison struct {
	summary
	figure        // the rival's
	infinite bool // this library has some, and the rival none
}

// worse reports whether this library takes more for certain.
func (c comparison) worse() bool { return c.infinite || c.above(1) }

// comparisons returns all ratios in which less is better, in the order of the tables.
func (w *writer) comparisons() []comparison {
	if w.compared != nil {
		return w.compared
	}
	for _, t := range w.r.tables() {
		for _, c := range t.units {
			if !lessIsBetter(c.unit) {
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

// better says in which direction a unit becomes better: -1 if that is down, 1 if it is up, and 0 if it is
// neither.
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

// losses writes where this library takes more for certain, workload by workload.
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

// lost says of each rival that takes less of a unit how much less, and where; at last, which have nothing
// of it where this library has some.
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

// where says with what params, if not with all.
func (w *writer) where(bench string, params []string) string {
	if len(params) == len(w.r.params[bench]) {
		return ""
	}
	for i, p := range params {
		params[i] = strings.ReplaceAll(p, "/", " ")
	}
	return " (" + strings.Join(params, ", ") + ")"
}

func span(lo, hi float64) string {
	if number(lo) == number(hi) {
		return number(lo)
	}
	return number(lo) + " to " + number(hi)
}
