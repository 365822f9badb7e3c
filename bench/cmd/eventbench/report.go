package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// report returns the text of bench/results/REPORT.md for results. It is a
// function of the results.
func report(r *results) []byte {
	text, _ := r.report()
	return text
}

// report also returns the figures that the headlines and the table of costs
// need but r lacks.
func (r *results) report() (text []byte, missing []string) {
	w := newWriter(r)
	w.line("%s", generated)
	w.line("")
	w.line("%s", "# The full report")
	w.line("")
	w.conditions()
	w.line("%s", w.score())
	w.line("")
	w.howToRead()
	w.losses()
	w.tables()
	w.noise()
	w.agreement()
	w.costs()
	w.headlines() // They are in BENCHMARKS.md. Here they only record what is missing.
	return w.buf.Bytes(), w.missing
}

// A writer writes the report.
type writer struct {
	r     *results
	times bool // absolute times are shown
	buf   bytes.Buffer
	// ratios is the number of ratios in the tables so far. noisy has the names
	// of the noisy ones.
	ratios int
	noisy  []string
	// missing has the names of missing figures.
	missing []string
	// compared is the result of comparisons, or nil before the first call.
	compared []comparison
}

// newWriter returns a writer that shows absolute times unless the results are
// those of a full run on a noisy machine.
func newWriter(r *results) *writer {
	_, noisy := r.signs()
	return &writer{r: r, times: !noisy || !r.full()}
}

// shows reports whether absolute figures of the unit are shown.
func (w *writer) shows(unit string) bool {
	return w.times || !strings.Contains(unit, "sec") && unit != "sets/s"
}

func (w *writer) line(format string, args ...any) {
	if len(args) == 0 {
		w.buf.WriteString(format)
	} else {
		fmt.Fprintf(&w.buf, format, args...)
	}
	w.buf.WriteByte('\n')
}

func (w *writer) row(cells ...string) { w.line("%s", "| "+strings.Join(cells, " | ")+" |") }

func (w *writer) header(cells ...string) {
	w.row(cells...)
	w.line("%s", "|---"+strings.Repeat("|---", len(cells)-1)+"|")
}

// conditions writes the conditions of the run.
func (w *writer) conditions() {
	file := filepath.Base(w.r.path)
	w.line("%s", w.r.conditions())
	w.line("")
	w.line("The raw results are in bench/results/%s. This shows them, or the differences between several such files:", file)
	w.line("")
	w.line("\tgo run golang.org/x/perf/cmd/benchstat@latest -ignore %s bench/results/%s", ofRun, file)
	w.line("")
	w.line("%s", strings.TrimSpace(howToRun))
	w.line("")
}

// ofRun has the configuration keys that differ between rounds, or between runs
// on the same machine. Benchstat makes a separate table for each value of a key
// that it does not ignore.
const ofRun = "round,rounds,load,date,commit,binaries,command"

const howToRun = `
The flag ` + "`-bench`" + ` with a regular expression runs only some benchmarks. The flag ` + "`-million`" + ` adds a million
watchers. ` + "`-report`" + ` runs nothing, and writes this report, BENCHMARKS.md and a part of README.md again
from the newest full run in bench/results. ` + "`-compare OLD.txt`" + ` compares the newest full run, or a second
file, with OLD.txt. Its exit status is 0 if nothing has become worse, 3 if something has, 4 if
nothing was found but some figures are undecided, and 1 if it fails. (` + "`go run`" + ` turns 3 and 4 into 1,
and prints them.)
`

func (w *writer) howToRead() {
	w.line("%s", "## How to read it")
	w.line("")
	times := ""
	if !w.times {
		times = " Times are not shown, because the machine was noisy."
	}
	w.line(strings.TrimSpace(howToRead), times, w.r.frequency())
	w.line("")
}

// frequency describes which sub-benchmarks run in which rounds.
func (r *results) frequency() string {
	for _, values := range r.values {
		if len(finite(values)) < r.rounds {
			return "The sub-benchmarks of the intended costs run in every round, slow ones in every third round, all others in every second round."
		}
	}
	return "Every sub-benchmark runs in every round."
}

const howToRead = `
*The ratios are the result.* Each ratio is this library's figure divided by the rival's, with its
95 %% interval. Below 1, this library takes less. A ratio is bold if its whole interval is below 1 and
it is not noise. An absolute figure is the median of the rounds, with the distance to the farther
end of its 95 %% interval.%s

Every sub-benchmark runs by itself, in random order. A benchmark of etcd runs with all of its
sub-benchmarks. %s A ratio is taken within each round, so that a slow
change of the machine cancels out. Medians and intervals are order statistics, which assume nothing
about the distribution (benchmath.AssumeNothing). [?] marks an interval that needs more rounds.

*(noise)* marks a ratio that is not reliable, for one of two reasons. The first and the second half
of the run differ significantly (Mann-Whitney U-test, p < 0.05), or an earlier run of the same test
binaries on the same machine contradicts it. Noise never counts as less. It counts as more if the
whole interval is above 1.

| rival | what it is |
|---|---|
| cond | a value and a version under a sync.Mutex, with a sync.Cond. Its waits cannot be cancelled. |
| cond-fresh | the same, with a new object for each Set |
| cond-context | cond with a context.AfterFunc for each wait that broadcasts |
| channel | a channel of one element for each watcher, drained and filled again by Set, under a mutex |
| replace-eager | an atomic pointer to a state with a channel. Each Set makes the channel, and closes the channel of the state that it replaces. |
| replace-lazy | a value under a mutex with a channel that Set closes. The first waiter makes the channel. |
| poll, store | an atomic.Pointer to a new object of 32 bytes. Watchers load it in a loop. |
| juniper | Watchable of github.com/bradenaw/juniper/xsync |
| msync | Value of github.com/creachadair/msync |
| ro | BehaviorSubject of github.com/samber/ro, into a channel of one element for each watcher |

All but two pass the parts of this library's conformance suite (package eventtest) that apply to
them: no value comes twice, late or in the wrong order, and an ended context wins. The waits of cond
and cond-fresh cannot be cancelled, which most of the suite needs. They pass TestCondDelivers.
`

// tables writes a section for each workload that has results.
func (w *writer) tables() {
	for _, t := range w.r.tables() {
		if len(w.r.rivals(t.bench, t.units[0].unit)) == 0 {
			continue
		}
		w.line("## %s", t.title)
		w.line("")
		if t.text != "" {
			w.line("%s", t.text)
			w.line("")
		}
		for _, c := range t.units {
			w.table(t, c)
		}
		if img, ok := images[t.bench]; ok && w.r.full() {
			for _, name := range img {
				w.line("![%s](%s)", strings.TrimSuffix(name, ".svg"), name)
			}
			w.line("")
		}
		w.line("%s", t.again())
		w.line("")
	}
}

// images has the plots of each workload.
var images = map[string][]string{
	"SetParked": {"set.svg", "last.svg"},
	"Latency":   {"latency.svg"},
}

// table writes a table of one unit of a workload, with a row for each rival and
// a column for each of the params.
func (w *writer) table(t table, c column) {
	params := w.r.params[t.bench]
	rivals := w.r.rivals(t.bench, c.unit)
	if len(rivals) == 0 {
		return
	}
	for _, group := range byContext(params) {
		title := c.title
		if group.context != "" {
			title += ", " + group.context
		}
		columns := group.short
		if group.single() {
			columns = []string{"this library / rival"}
			if w.shows(c.unit) {
				columns = []string{"median", "this library / rival"}
			}
		}
		w.header(append([]string{title}, columns...)...)
		for _, rival := range rivals {
			cells, found := w.cells(t.bench, c.unit, rival, group)
			if found {
				w.row(append([]string{rival}, cells...)...)
			}
		}
		w.line("")
	}
}

// cells returns the cells of a rival's row. found is false if all are empty.
func (w *writer) cells(bench, unit, rival string, g group) (cells []string, found bool) {
	for _, p := range g.params {
		value, ratio, ok := w.cell(figure{bench, p, rival, unit})
		found = found || ok
		switch {
		case g.single() && w.shows(unit):
			cells = append(cells, value, ratio)
		case value == "" || ratio == "":
			cells = append(cells, value+ratio)
		default:
			cells = append(cells, value+"<br>"+ratio)
		}
	}
	return cells, found
}

// cell returns the figure of f, if it is shown, and this library's figure
// divided by it.
func (w *writer) cell(f figure) (value, ratio string, ok bool) {
	v, ok := w.r.value(f)
	if !ok {
		return "", "", false
	}
	if w.shows(f.unit) {
		value = v.measured(f.unit)
	}
	own := f
	own.rival = "event"
	q, ok := w.r.ratio(own, f)
	switch {
	case f == own && value == "":
		return "", "1", true
	case f == own || !ok || !lessIsBetter(f.unit):
		return value, "", true
	}
	w.ratios++
	ratio = number(q.Center)
	if q.below(1) {
		ratio = "**" + ratio + "**"
	}
	ratio += " " + q.interval()
	if q.noise {
		ratio += " *(noise)*"
		w.noisy = append(w.noisy, strings.Join(strings.Fields(f.bench+" "+f.params+" "+f.unit+" "+f.rival), " "))
	}
	return value, ratio, true
}

// A group has the params of one table, which have the same context.
type group struct {
	context string
	params  []string
	short   []string // the params without their common parts
}

// single reports whether the table has one column for the params.
func (g group) single() bool { return g.context == "" && len(g.params) == 1 }

func byContext(params []string) (groups []group) {
	if len(params) == 1 {
		return []group{{params: params}}
	}
	for _, p := range params {
		context := ""
		if strings.HasPrefix(p, "ctx=") && strings.Contains(p, "/") {
			context, _, _ = strings.Cut(p, "/")
		}
		if len(groups) == 0 || groups[len(groups)-1].context != context {
			groups = append(groups, group{context: context})
		}
		g := &groups[len(groups)-1]
		g.params = append(g.params, p)
	}
	for i := range groups {
		groups[i].short = shorten(groups[i].params)
	}
	return groups
}

// shorten removes the parts that all params have in common.
func shorten(params []string) (short []string) {
	count := map[string]int{}
	for _, p := range params {
		for part := range strings.SplitSeq(p, "/") {
			count[part]++
		}
	}
	for _, p := range params {
		short = append(short, strings.Join(slices.DeleteFunc(strings.Split(p, "/"), func(part string) bool {
			return count[part] == len(params) && len(params) > 1
		}), "/"))
	}
	return short
}
