package main

import "strings"

// A pair is one ratio with its results in two runs.
type pair struct {
	comparison
	before summary
}

// agree reports whether the intervals overlap.
func (p pair) agree() bool { return p.overlaps(p.before) }

// pairs returns the ratios that have an interval in both runs. It leaves out
// ratios of counts with exactly the same result each time, because they contain
// no information about noise.
func (r *results) pairs(before *results) (ps []pair) {
	w := &writer{r: r}
	for _, c := range w.comparisons() {
		q, ok := before.ratio(figure{c.bench, c.params, "event", c.unit}, c.figure)
		exact := q.Lo == c.Lo && q.Lo == q.Hi && c.Lo == c.Hi
		if ok && q.bounded() && c.bounded() && !exact {
			ps = append(ps, pair{c, q})
		}
	}
	return ps
}

// agreeing returns the number of pairs that agree.
func agreeing(ps []pair) (n int) {
	for _, p := range ps {
		if p.agree() {
			n++
		}
	}
	return n
}

// agreement writes how far the ratios agree with the ratios of the run before.
func (w *writer) agreement() {
	before := w.r.before
	if before == nil && !w.r.full() {
		return // The run before is only read for a full run.
	}
	w.line("%s", "## Does another run agree?")
	w.line("")
	if before == nil {
		w.line("%s", "bench/results has no earlier run on the same kind of machine.")
		w.line("")
		return
	}
	code := "It measured the same test binaries, so ratios that do not agree are marked *(noise)* above."
	if !w.r.sameCode(before) {
		code = "It measured other test binaries, so a difference may be noise or a change of the code."
	}
	ps := w.r.pairs(before)
	n := agreeing(ps)
	w.line("The run before on the same kind of machine (processor, system, GOMAXPROCS and Go) is of %s, commit %s. %s Two ratios agree if their intervals overlap. Counts that were exactly the same each time are left out.",
		before.config["date"], before.config["commit"], code)
	w.line("")
	w.line("**%d of %d ratios agree** (%.1f %%).", n, len(ps), 100*float64(n)/float64(max(len(ps), 1)))
	if n < len(ps) {
		w.line("The others:")
		w.line("")
		w.header("ratio to", "of", "this run", "the run before")
	}
	for _, p := range ps {
		if !p.agree() {
			w.row(p.rival, strings.TrimSpace(p.bench+" "+p.params)+" "+p.unit,
				number(p.Center)+" "+p.interval(), number(p.before.Center)+" "+p.before.interval())
		}
	}
	w.line("")
}
