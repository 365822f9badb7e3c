package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// report returns the text of BENCHMARKS.md for results. It is a function of the
// results.
func report(r *results) []byte {
	text, _ := r.report()
	return text
}

// report also returns the figures that the answer and the table of costs need
// but r lacks.
func (r *results) report() (text []byte, missing []string) {
	w := &writer{r: r}
	w.line("<!-- Made by go run ./bench/cmd/eventbench from bench/results. Not to be edited. -->")
	w.line("")
	w.line("# Benchmarks")
	w.line("")
	w.answer()
	w.conditions()
	w.howToRead()
	w.losses()
	w.tables()
	w.noise()
	w.agreement()
	w.costs()
	return w.buf.Bytes(), w.missing
}

// A writer writes the report.
type writer struct {
	r   *results
	buf bytes.Buffer
	// ratios is the number of ratios in the tables so far. noisy has the names
	// of the noisy ones.
	ratios int
	noisy  []string
	// missing has the names of missing figures.
	missing []string
	// compared is the result of comparisons, or nil before the first call.
	compared []comparison
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
	c := w.r.config
	w.line("Commit %s, %s, %s/%s, %s, GOMAXPROCS %s, %d rounds, %s, by `%s`. %s",
		c["commit"], c["goversion"], c["goos"], c["goarch"], c["cpu"], c["gomaxprocs"], w.r.rounds,
		c["date"], c["command"], w.r.machine())
	w.line("Raw results: bench/results/%s. To see them, or what differs between several such files, by benchstat:", filepath.Base(w.r.path))
	w.line("")
	w.line("\tgo run golang.org/x/perf/cmd/benchstat@latest -ignore %s bench/results/%s", ofRun, filepath.Base(w.r.path))
	w.line("")
	w.line("To run it yourself, on a clone of the repository:")
	w.line("")
	w.line("\tgo run ./bench/cmd/eventbench -quick  # the most important, in less than a minute")
	w.line("\tgo run ./bench/cmd/eventbench         # everything; it writes BENCHMARKS.md anew")
	w.line("")
	w.line("%s", strings.TrimSpace(howToRun))
	w.line("")
}

// ofRun has the configuration keys that differ between rounds, or between runs
// on the same machine. Benchstat makes a separate table for each value of a key
// that it does not ignore.
const ofRun = "round,rounds,load,date,commit,binaries,command"

const howToRun = `
With ` + "`-bench`" + ` and a regular expression it runs only some, and with ` + "`-million`" + ` a million watchers too. ` + "`-report`" + ` runs nothing, and writes BENCHMARKS.md again from the newest full run in
bench/results. ` + "`-compare OLD.txt`" + ` says what has become worse in that, or in a second file, since OLD.txt. It exits with status 0 if nothing has, 3 if something has, 4 if nothing was found but not
everything could be told, and 1 if it fails. (` + "`go run`" + ` makes 1 of 3 and 4, but prints them.)
`

func (w *writer) howToRead() {
	w.line("%s", "## How to read it")
	w.line("")
	w.line(strings.TrimSpace(howToRead), w.r.frequency())
	w.line("")
}

// frequency describes which sub-benchmarks run in which rounds.
func (r *results) frequency() string {
	for _, values := range r.values {
		if len(finite(values)) < r.rounds {
			return "in every round what the table of costs is about, in every third what takes long, in every second all else"
		}
	}
	return "everything in every round"
}

const howToRead = `
*Ratios are the result, times the footnote.* Each line shows the median of its rounds and how far the 95 %% confidence interval goes from it, at the farther end, then **this library's
figure divided by the rival's** with the 95 %% interval of that: below 1 this library takes less. It is bold if the whole interval is below 1, and not noise. Every sub-benchmark is run by
itself, but those of one benchmark of etcd together, in random order: %s. A ratio is taken within each round, so that what slows down the machine
cancels out; its median and interval, by order statistics, assume nothing of the distribution (benchmath.AssumeNothing). *(noise)*
marks ratios whose rounds of the first half and of the second half of the run differ significantly (Mann-Whitney U-test, p < 0.05), or that the run before, of the same
test binaries on the same machine, contradicts: do not rely on those. None of them counts as less, but as more if the whole interval is above 1. [?] stands for an interval for which there were not enough rounds.

| rival | what it is |
|---|---|
| cond | a value and a version under a sync.Mutex, with a sync.Cond. Its waits cannot be cancelled. |
| cond-fresh | the same, publishing a fresh object with each Set |
| cond-context | cond with a context.AfterFunc for each wait that broadcasts |
| channel | a channel of one element for each watcher, drained and filled again by Set, under a mutex |
| replace-eager | an atomic pointer to a state with a channel that is closed when the state is replaced, made by each Set |
| replace-lazy | a value under a mutex with such a channel, made when somebody waits |
| poll, store | an atomic.Pointer to a fresh object of 32 bytes; watchers look at it again and again |
| juniper | Watchable of github.com/bradenaw/juniper/xsync |
| msync | Value of github.com/creachadair/msync |
| ro | BehaviorSubject of github.com/samber/ro, into a channel of one element for each watcher |

All but two pass what they can of the conformance suite of this library (package eventtest): no value comes twice, late or in the wrong order, and an ended context wins. The waits of cond
and cond-fresh cannot be ended, which most of the suite does; they pass a test of their own (TestCondDelivers).
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
				w.line("![%s](bench/results/%s)", strings.TrimSuffix(name, ".svg"), name)
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
		if group.context == "" && len(group.params) == 1 {
			w.header(title, "median", "this library / rival")
		} else {
			w.header(append([]string{title}, group.short...)...)
		}
		for _, rival := range rivals {
			cells, any := []string{rival}, false
			for _, p := range group.params {
				value, ratio := w.cell(t.bench, p, rival, c.unit)
				any = any || value != ""
				switch {
				case group.context == "" && len(group.params) == 1:
					cells = append(cells, value, ratio)
				case ratio == "":
					cells = append(cells, value)
				default:
					cells = append(cells, value+"<br>"+ratio)
				}
			}
			if any {
				w.row(cells...)
			}
		}
		w.line("")
	}
}

// cell returns a rival's figure, and this library's figure divided by it.
func (w *writer) cell(bench, params, rival, unit string) (value, ratio string) {
	f := figure{bench, params, rival, unit}
	v, ok := w.r.value(f)
	if !ok {
		return "", ""
	}
	value = v.measured(unit)
	own := figure{bench, params, "event", unit}
	q, ok := w.r.ratio(own, f)
	if rival == "event" || !ok || !lessIsBetter(unit) {
		return value, ""
	}
	w.ratios++
	ratio = number(q.Center)
	if q.below(1) {
		ratio = "**" + ratio + "**"
	}
	ratio += " " + q.interval()
	if q.noise {
		ratio += " *(noise)*"
		w.noisy = append(w.noisy, strings.Join(strings.Fields(bench+" "+params+" "+unit+" "+rival), " "))
	}
	return value, ratio
}

// A group has the params of one table, which have the same context.
type group struct {
	context string
	params  []string
	short   []string // the params without their common parts
}

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
