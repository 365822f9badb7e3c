package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/bench"
)

// TestReportIsCurrent: the documents are made of the newest results.
func TestReportIsCurrent(t *testing.T) {
	o := options{root: "../../.."}
	r, err := o.newest()
	require.NoError(t, err)
	documents, err := o.documents(r)
	require.NoError(t, err)
	require.Len(t, documents, 3)
	for path, want := range documents {
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, got), "%s: run go run ./bench/cmd/eventbench -report", path)
	}
	for _, d := range r.drawings() {
		assert.Contains(t, string(report(r)), "]("+d.File+")")
	}
}

// TestPlotsAreCurrent: they are what the results make.
func TestPlotsAreCurrent(t *testing.T) {
	if testing.Short() || runtime.GOARCH != "amd64" {
		t.Skip("it builds another module, and other processors may round the last digit otherwise")
	}
	o := options{root: "../../.."}
	r, err := o.newest()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, o.plot(t.Context(), r, dir))
	for _, d := range r.drawings() {
		want, err := os.ReadFile(filepath.Join(dir, d.File))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(o.results(), d.File))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, got), "%s: run go run ./bench/cmd/eventbench -report", d.File)
	}
}

// TestHalfARunIsRefused: what was cut off is no full run, and nothing is made
// of it.
func TestHalfARunIsRefused(t *testing.T) {
	real := options{root: "../../.."}
	paths, err := real.full()
	require.NoError(t, err)
	whole, err := os.ReadFile(paths[len(paths)-1])
	require.NoError(t, err)
	o := options{root: t.TempDir()}
	require.NoError(t, os.MkdirAll(o.results(), 0o755))
	path := filepath.Join(o.results(), filepath.Base(paths[len(paths)-1]))
	for name, text := range map[string][]byte{
		"rounds":      whole[:bytes.Index(whole, []byte("round: 8\n"))],
		"last lines":  whole[:bytes.LastIndex(whole, []byte("BenchmarkCalibrate"))],
		"all but one": []byte("round: 1\nBenchmarkFoo-2 100 5 ns/op\n"),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, text, 0o600))
			assert.ErrorContains(t, o.writeReport(t.Context()), "not a whole run")
			assert.NoFileExists(t, filepath.Join(o.root, "BENCHMARKS.md"))
		})
	}
	require.NoError(t, os.WriteFile(path, whole, 0o600))
	readme := filepath.Join(o.root, "README.md")
	require.NoError(t, os.WriteFile(readme, []byte("# No marks\n"), 0o600))
	require.ErrorIs(t, o.writeReport(t.Context()), errNoMarks)
	assert.NoFileExists(t, filepath.Join(o.root, "BENCHMARKS.md"))
	require.NoError(t, os.WriteFile(readme, []byte("before\n"+readmeBegin+"old\n"+readmeEnd+"after\n"), 0o600))
	require.NoError(t, o.writeReport(t.Context()))
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	assert.Regexp(t, `(?s)^before\n<!--.*\*\*Set, no watcher parked.*<!-- end -->\nafter\n$`, string(text))
	assert.NotContains(t, string(text), "old")
}

// TestPageIsShort: BENCHMARKS.md is one page, and has absolute times only if
// the machine was quiet.
func TestPageIsShort(t *testing.T) {
	r, err := (&options{root: "../../.."}).newest()
	require.NoError(t, err)
	times := regexp.MustCompile(`\d [nµm]s`)
	cells := regexp.MustCompile(`\| \S+ [nµm]s ±`)
	r.loads = []float64{0.5}
	r.arithmetic = nil
	for f := range r.values {
		if f.bench == "Set" || f.bench == "Get" {
			r.values[f] = slices.Repeat([]float64{1e-9}, r.rounds)
		}
	}
	assert.Less(t, bytes.Count(page(r), []byte("\n")), 140)
	assert.Regexp(t, times, string(page(r)))
	assert.Regexp(t, cells, string(report(r)))
	r.loads = []float64{100}
	assert.NotRegexp(t, times, string(page(r)))
	assert.NotRegexp(t, cells, string(report(r)))
}

func TestBadArguments(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // Nothing is to be run.
	for want, o := range map[string]options{
		"-rounds -1: there":                {rounds: -1, given: []string{"rounds"}},
		"-rounds 0: there":                 {given: []string{"rounds"}},
		"-compare needs":                   {given: []string{"compare"}},
		"-report together with -quick,":    {report: true, quick: true, given: []string{"quick", "report"}},
		"-compare together with -million,": {compare: "c", million: true, given: []string{"compare", "million"}},
		"-compare together with -plots,":   {compare: "c", given: []string{"compare", "plots"}},
		`what is ["report"]?`:              {args: []string{"report"}},
		`what is ["a" "b"]?`:               {args: []string{"a", "b"}, compare: "c"},
	} {
		assert.ErrorContains(t, o.main(ctx, io.Discard), want)
	}
	for _, o := range []options{
		{rounds: 1, quick: true, bench: "X", given: []string{"bench", "quick", "rounds"}},
		{report: true, given: []string{"plots", "report"}},
		{compare: "a", args: []string{"b"}, given: []string{"compare"}},
	} {
		assert.NoError(t, o.check())
	}
}

// TestDamagedRunIsRefused: what the answer or a cost needs is there, or no
// report is made.
func TestDamagedRunIsRefused(t *testing.T) {
	r, err := (&options{root: "../../.."}).newest()
	require.NoError(t, err)
	o := options{root: t.TempDir(), report: true, given: []string{"report"}}
	require.NoError(t, os.MkdirAll(o.results(), 0o755))
	for _, name := range []string{
		"BenchmarkSet/rival=event", "BenchmarkSetParked/rival=replace-eager/ctx=shared/watchers=10000",
		"BenchmarkLoad/rival=store", "BenchmarkSetParked/rival=event/ctx=shared/watchers=100",
	} {
		damaged, err := os.ReadFile(edited(t, r.path, name+"-", "BenchmarkOther-"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(o.results(), filepath.Base(r.path)), damaged, 0o600))
		assert.ErrorContains(t, o.writeReport(t.Context()), "lacks "+name+" sec/")
		assert.NoFileExists(t, filepath.Join(o.root, "BENCHMARKS.md"))
	}
}

// TestReportOfRawResults: benchstat is told to ignore all but what is measured,
// and on which machine.
func TestReportOfRawResults(t *testing.T) {
	r, err := (&options{root: "../../.."}).newest()
	require.NoError(t, err)
	assert.Contains(t, string(report(r)), "benchstat@latest -ignore "+ofRun+" bench/results/"+filepath.Base(r.path)+"\n")
	keys := slices.Concat(strings.Split(ofRun, ","), machineKeys, []string{"pkg"})
	assert.ElementsMatch(t, keys, slices.Collect(maps.Keys(r.config)))
}

// TestNoiseOfCosts: also a cost that is to no rival, and so in no other table,
// is counted where noise is.
func TestNoiseOfCosts(t *testing.T) {
	text := string(report(steady(10, 2).read(t)))
	assert.Contains(t, text, "Of 4 ratios")
	r := steady(10, 2).read(t)
	many, few := costs[8].num, costs[8].den
	r.values[many] = slices.Clone(r.values[few])
	assert.Contains(t, string(report(r)), "Of 5 ratios")
	for i := range 5 {
		r.values[many][i] *= 2
	}
	text = string(report(r))
	assert.Contains(t, text, ", 1 are marked as noise")
	assert.Contains(t, text, "\n- Set call, 100,000 parked, against itself with 100 parked\n")
	assert.Equal(t, 1, strings.Count(text, "*(noise)* |\n"))
}

// A run is the results of one, made up. at gives the value of a figure in a
// round, 0 if it is not run then.
type run struct {
	rounds int
	rivals []string
	at     func(round int, rival string) float64
}

// write writes the results to a file, and returns its name.
func (r run) write(t *testing.T) string {
	var s strings.Builder
	s.WriteString("commit: abc\ngoversion: go1\ngoos: linux\ngoarch: amd64\ncpu: some\ngomaxprocs: 2\n")
	for round := 1; round <= r.rounds; round++ {
		fmt.Fprintf(&s, "round: %d\nload: 0.5\n", round)
		fmt.Fprintf(&s, "BenchmarkCalibrate/rival=none-2 1 %d ns/one 1001 ns/all\n", 1000+round)
		for _, rival := range r.rivals {
			if r.at(round, rival) == 0 {
				continue
			}
			fmt.Fprintf(&s, "BenchmarkSet/rival=%s-2 100 %.3f ns/op 24 B/op\n", rival, r.at(round, rival))
			for _, n := range []int{100, 10} {
				fmt.Fprintf(&s, "BenchmarkSetParked/rival=%s/ctx=shared/watchers=%d-2 100 %.3f ns/set\n",
					rival, n, r.at(round, rival)*float64(n))
			}
		}
	}
	path := filepath.Join(t.TempDir(), "results.txt")
	require.NoError(t, os.WriteFile(path, []byte(s.String()), 0o600))
	return path
}

func (r run) read(t *testing.T) *results {
	got, err := readResults(r.write(t))
	require.NoError(t, err)
	return got
}

// steady is a run of this library and cond, which takes a given number of times
// as long. Each has a little noise of its own.
func steady(rounds int, times float64) run {
	return run{rounds, []string{"event", "cond"}, func(round int, rival string) float64 {
		if rival == "cond" {
			return 100 * times * (1 + 0.004*float64(round%5))
		}
		return 100 * (1 + 0.005*float64(round%3))
	}}
}

func set(rival string) figure { return fig("Set", "", rival, perOp) }

func TestReadResults(t *testing.T) {
	r := steady(6, 2).read(t)
	assert.Equal(t, 6, r.rounds)
	assert.Equal(t, "go1", r.config["goversion"])
	assert.Equal(t, []string{"event", "cond"}, r.rivals("Set", perOp))
	assert.Equal(t, []string{"ctx=shared/watchers=10", "ctx=shared/watchers=100"}, r.params["SetParked"])
	assert.Len(t, r.values[set("event")], 6)
	assert.InDelta(t, 100.5e-9, r.values[set("event")][0], 1e-15)
	assert.Len(t, r.arithmetic["sec/one"], 6)

	_, err := readResults(filepath.Join(t.TempDir(), "none"))
	assert.Error(t, err)
}

// TestRatioCancelsDrift: the machine becomes half as fast during the run, the
// ratio stays.
func TestRatioCancelsDrift(t *testing.T) {
	even := steady(10, 2)
	drifting := even
	drifting.at = func(round int, rival string) float64 {
		return even.at(round, rival) * (1 + float64(round)/10)
	}
	want, ok := even.read(t).ratio(set("event"), set("cond"))
	require.True(t, ok)
	got, ok := drifting.read(t).ratio(set("event"), set("cond"))
	require.True(t, ok)
	assert.InDelta(t, want.Center, got.Center, 1e-3)
	assert.InDelta(t, want.Hi-want.Lo, got.Hi-got.Lo, 1e-3)
	assert.True(t, got.below(1))
	assert.False(t, got.noise)
}

// TestNoise: a ratio that changes in the middle of the run is not to be relied
// on.
func TestNoise(t *testing.T) {
	r := steady(10, 2)
	even := r.at
	r.at = func(round int, rival string) float64 {
		if rival == "event" && round > 5 {
			return 1.5 * even(round, rival)
		}
		return even(round, rival)
	}
	q, ok := r.read(t).ratio(set("event"), set("cond"))
	require.True(t, ok)
	assert.True(t, q.noise)
	assert.False(t, q.below(1), "nothing is certain")
	assert.True(t, q.above(0.1), "noise is no excuse")
	assert.Contains(t, string(report(r.read(t))), "*(noise)*")
}

func TestFewRoundsHaveNoInterval(t *testing.T) {
	q, ok := steady(3, 2).read(t).ratio(set("event"), set("cond"))
	require.True(t, ok)
	assert.Equal(t, "[?]", q.interval())
	assert.False(t, q.below(1) || q.above(1), "nothing is certain")
}

func TestReportOfLosses(t *testing.T) {
	text := string(report(steady(10, 0.5).read(t)))
	assert.Contains(t, text, "  - a Set: 2.00 times cond\n")
	assert.Contains(t, text, "  - the Set call (median): 2.00 times cond\n")
	assert.NotContains(t, string(report(steady(10, 2).read(t))), "times cond\n")
}

// TestReportOfRounds: what it says of them is what was done, not what was asked
// for.
func TestReportOfRounds(t *testing.T) {
	r := steady(6, 2).read(t)
	r.config["rounds"] = "20"
	text := string(report(r))
	assert.Contains(t, text, "GOMAXPROCS 2, 6 rounds,")
	assert.Contains(t, text, "Every sub-benchmark runs in every round.")
	assert.Contains(t, text, "The machine was quiet")
	r.values[set("cond")][1] = math.NaN()
	assert.Contains(t, string(report(r)), "all others in every second round.")
	assert.Contains(t, string(report(steady(2, 2).read(t))), "too little to know whether the machine was quiet")
}

// TestReportOfLossesToNothing: that a rival has nothing under one context does
// not hide how much it has under another.
func TestReportOfLossesToNothing(t *testing.T) {
	r := steady(10, 0.5).read(t)
	many, few := fig("SetParked", shared+"100", "cond", "sec/set"), fig("SetParked", shared+"10", "cond", "sec/set")
	r.values[few] = make([]float64, 10)
	text := string(report(r))
	assert.Contains(t, text, "2.00 times cond (ctx=shared watchers=100); some, where there is none: cond (ctx=shared watchers=10)\n")
	r.values[many] = make([]float64, 10)
	assert.Contains(t, string(report(r)), "  - the Set call (median): some, where there is none: cond\n")
}

func TestReportIsTheSameAgain(t *testing.T) {
	path := steady(10, 2).write(t)
	var last []byte
	for range 20 {
		r, err := readResults(path)
		require.NoError(t, err)
		text := report(r)
		require.True(t, last == nil || bytes.Equal(last, text))
		last = text
	}
}

func TestNoisyMachine(t *testing.T) {
	r := steady(10, 2).read(t)
	assert.Contains(t, r.machine(), "was quiet")
	r.arithmetic["sec/one"][3] *= 1.2
	assert.Contains(t, r.machine(), "was quiet")
	r.arithmetic["sec/one"][4] *= 1.2
	assert.Contains(t, r.machine(), "was noisy")
	r = steady(10, 2).read(t)
	r.loads[2] = 3
	assert.Contains(t, r.machine(), "was noisy")
	r = steady(10, 2).read(t)
	for i, values := range [][]float64{r.values[set("event")], r.values[set("cond")]} {
		for j := range values {
			values[j] *= 1 + 0.3*float64((i+j)%2)
		}
	}
	assert.Contains(t, r.machine(), "was noisy")
}

func TestVerdict(t *testing.T) {
	c := cost{reach: 1.5, aim: 1.2}
	at := func(center, lo, hi float64) string {
		var s summary
		s.Center, s.Lo, s.Hi = center, lo, hi
		return c.verdict(s)
	}
	assert.Equal(t, "aim reached", at(1.1, 1.05, 1.15))
	assert.Equal(t, "aim reached?", at(1.1, 1.05, 1.25))
	assert.Equal(t, "reached", at(1.3, 1.25, 1.45))
	assert.Equal(t, "reached", at(1.3, 1.15, 1.45))
	assert.Equal(t, "reached?", at(1.3, 1.25, 1.55))
	assert.Equal(t, "**missed**", at(1.7, 1.6, 1.8))
	assert.Equal(t, "**missed**?", at(1.7, 1.4, 1.8))
}

// TestTables: each workload has its table, and each row of costs and each quick
// sub-benchmark is of one that exists.
func TestTables(t *testing.T) {
	var workloads []string
	for _, w := range bench.Workloads() {
		workloads = append(workloads, w.Name)
	}
	tabled := []string{bench.Calibrate.Name}
	for _, table := range slices.Concat(ofWorkloads, ofInspect) {
		tabled = append(tabled, table.bench)
		assert.Equal(t, table.parts, table.loses == "", "%s: either has losses", table.bench)
		assert.NotEmpty(t, table.units, table.bench)
	}
	// Package inspect has further benchmarks of its own.
	assert.Subset(t, tabled, workloads)

	cells := map[string]bool{}
	quick := 0
	for _, line := range bench.Cells(bench.Contenders()) {
		name, _, _ := strings.Cut(line, " ")
		cells[name] = true
		if isQuick(name) {
			quick++
		}
	}
	assert.Greater(t, quick, len(costs), "quick sub-benchmarks")
	assert.False(t, isQuick("BenchmarkRoundTrip/rival=event/ctx=none"))
	assert.Len(t, costs, 13)
	for _, c := range costs {
		assert.Contains(t, cells, c.num.name())
		assert.True(t, c.den == figure{} || cells[c.den.name()], c.den.name())
	}
}

func TestReadRejectsWhatIsThereTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.txt")
	line := "BenchmarkSet/rival=event/unknown=1-2 1 2 ns/op\n"
	require.NoError(t, os.WriteFile(path, []byte("round: 1\n"+line+line), 0o600))
	_, err := readResults(path)
	assert.ErrorContains(t, err, "twice in round 1")
}

// TestPartsDoNotCount: a table shows the cost of a part of this library, and the
// score leaves the part out.
func TestPartsDoNotCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.txt")
	var s strings.Builder
	for round := range 8 {
		fmt.Fprintf(&s, "round: %d\nBenchmarkInspectSet/rival=event-2 1 %d ns/op\nBenchmarkInspectSet/rival=tracked-2 1 %d ns/op\n", round+1, 100+round, 200+2*round)
		fmt.Fprintf(&s, "BenchmarkSet/rival=event-2 1 %d ns/op\nBenchmarkSet/rival=cond-2 1 %d ns/op\n", 100+round, 200+2*round)
	}
	require.NoError(t, os.WriteFile(path, []byte(s.String()), 0o600))
	r, err := readResults(path)
	require.NoError(t, err)
	text := string(report(r))
	assert.Regexp(t, `tracked \|.*\*\*0\.50`, text)
	assert.Contains(t, text, "In 1 comparisons this library takes less in 1 and more in 0.")
}

// TestOtherSources: what nobody has made a table for is shown nevertheless.
func TestOtherSources(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.txt")
	var s strings.Builder
	for round := 1; round <= 6; round++ {
		fmt.Fprintf(&s, "round: %d\nBenchmarkStore/watchers=3-2 1 %d ns/op 7 B/op\n", round, 100+round)
	}
	require.NoError(t, os.WriteFile(path, []byte(s.String()), 0o600))
	r, err := readResults(path)
	require.NoError(t, err)
	text := string(report(r))
	assert.Contains(t, text, "## Store\n")
	assert.Contains(t, text, "| event | 104 ns")
}

func TestNewest(t *testing.T) {
	root := t.TempDir()
	o := options{root: root}
	dir := filepath.Join(root, "bench", "results")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	_, err := o.newest()
	assert.ErrorIs(t, err, errNoResults)
	add := func(name, cpu string) string {
		text, err := os.ReadFile(steady(6, 2).write(t))
		require.NoError(t, err)
		text = bytes.Replace(text, []byte("cpu: some"), []byte("rounds: 6\ncpu: "+cpu), 1)
		text = append(text, bytes.Repeat([]byte("BenchmarkCalibrate/rival=none-2 1 1000 ns/one\n"), 6)...)
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		return path
	}
	first := add("20260101-000000-abc.txt", "some")
	add("partial-20260109-000000-abc.txt", "some")
	add("quick.txt", "some")
	r, err := o.newest()
	require.NoError(t, err)
	assert.Equal(t, first, r.path)
	assert.Nil(t, r.before)
	add("20260102-000000-abc.txt", "other")
	third := add("20260103-000000-abc-modified.txt", "some")
	r, err = o.newest()
	require.NoError(t, err)
	assert.Equal(t, third, r.path)
	require.NotNil(t, r.before)
	assert.Equal(t, first, r.before.path)
}

// TestAgreement: a ratio that another run contradicts is noise.
func TestAgreement(t *testing.T) {
	r := steady(10, 2).read(t)
	assert.NotContains(t, string(report(r)), "Does another run agree")
	r.path = "20260101-000000-abc.txt"
	assert.Contains(t, string(report(r)), "no earlier run")
	r.before = steady(10, 2).read(t)
	assert.Contains(t, string(report(r)), "**3 of 3 ratios agree** (100.0 %)")
	q, _ := r.ratio(set("event"), set("cond"))
	assert.False(t, q.noise)

	r.before = steady(10, 3).read(t)
	text := string(report(r))
	assert.Contains(t, text, "**0 of 3 ratios agree**")
	assert.Contains(t, text, "*(noise)*")
	assert.Contains(t, text, "| cond | Set sec/op | 0.50 ")
	q, _ = r.ratio(set("event"), set("cond"))
	assert.True(t, q.noise)

	r.before.config["binaries"] = "others"
	q, _ = r.ratio(set("event"), set("cond"))
	assert.False(t, q.noise, "it may be a change of the code")
	assert.Contains(t, string(report(r)), "or a change of the code")
}

// TestNoRatioToNothing: a rival that has some in one round of many has none.
func TestNoRatioToNothing(t *testing.T) {
	r := steady(10, 2).read(t)
	own, theirs := fig("Garbage", "", "event", "B/set"), fig("Garbage", "", "cond", "B/set")
	r.values[own] = slices.Repeat([]float64{24}, 10)
	r.values[theirs] = append(make([]float64, 9), 0.02)
	_, ok := r.ratio(own, theirs)
	assert.False(t, ok)
	c, ok := r.comparison(theirs)
	assert.True(t, ok && c.infinite)
}

func TestQuantity(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{33.37e-9, "sec/op", "33.4 ns"},
		{0.28e-9, "sec/op", "0.28 ns"},
		{1.5e-3, "p99.9-sec", "1.50 ms"},
		{0, "sec/op", "0"},
		{445.9, "heap-B/watcher", "446 B"},
		{4079, "stack-B/watcher", "4079 B"},
		{2, "allocs/op", "2.00"},
		{0.0034, "gc-percent", "0.0034 %"},
		{0.000087, "gets/set", "0.000087"},
		{0.0999, "gets/set", "0.10"},
	} {
		assert.Equal(t, c.want, quantity(c.value, c.unit))
	}
}
