package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// edited returns a copy of a file of results, with some of its text replaced.
func edited(t *testing.T, path string, oldnew ...string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "edited.txt")
	changed := strings.NewReplacer(oldnew...).Replace(string(text))
	require.NotEqual(t, string(text), changed)
	require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
	return path
}

// once is a file of results in which this library's Set has only been measured
// in the first round.
func once(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "round: 2\n")
	return edited(t, path, rest, strings.ReplaceAll(rest, "BenchmarkSet/rival=event", "BenchmarkSet/rival=other"))
}

// TestCompareSaysWhatItCannotTell: that nothing is found does not mean that
// there is nothing, if there are few rounds or figures have gone.
func TestCompareSaysWhatItCannotTell(t *testing.T) {
	long, short := steady(20, 2).write(t), steady(3, 2).write(t)
	for name, c := range map[string]struct {
		older, newer string
		want         []string
	}{
		"few rounds":        {short, short, []string{"3 and 3 rounds", "too few times to tell: Set, SetParked.", "cannot be told whether"}},
		"few rounds of one": {long, once(t, long), []string{"20 and 20 rounds", "too few times to tell: Set.", "Nothing else has"}},
		"one benchmark is gone": {long, edited(t, long, "BenchmarkSet/rival=event", "BenchmarkSet/rival=other"),
			[]string{"so not compared: Set.", "Nothing else has"}},
		"a part of one is gone": {long, edited(t, long, "SetParked/rival=event/ctx=shared/watchers=10-2", "SetParked/rival=other/ctx=shared/watchers=10-2"),
			[]string{"so not compared: SetParked ctx=shared/watchers=10 sec/set.", "Nothing else has"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			assert.ErrorIs(t, compareFiles(&out, c.older, c.newer), errUnsure)
			for _, want := range c.want {
				assert.Contains(t, out.String(), want)
			}
			assert.NotContains(t, out.String(), "Nothing has")
		})
	}
}

// TestCompareNamesFew: of many figures of one benchmark only their number is
// told.
func TestCompareNamesFew(t *testing.T) {
	r := &results{values: map[figure][]float64{}, params: map[string][]string{}}
	var figures []figure
	for i := range many + 2 {
		params := fmt.Sprint("watchers=", i)
		f := fig("SetParked", params, "event", "sec/set")
		r.values[f], r.params["SetParked"] = []float64{1}, append(r.params["SetParked"], params)
		figures = append(figures, f)
	}
	assert.Equal(t, "SetParked", r.names(figures))
	assert.Equal(t, "SetParked (4 figures of 5)", r.names(figures[:many+1]))
	assert.Equal(t, "SetParked watchers=0 sec/set, SetParked watchers=1 sec/set", r.names(figures[:2]))
}

// TestCompareKnowsWhatIsBetter: a throughput is worse if it is less, and what
// is neither good nor bad is not compared.
func TestCompareKnowsWhatIsBetter(t *testing.T) {
	many := edited(t, steady(20, 2).write(t), "BenchmarkSet/", "BenchmarkGarbage/", " ns/op 24 B/op", " sets/s")
	few := edited(t, many, "BenchmarkGarbage/rival=event-2 100 10", "BenchmarkGarbage/rival=event-2 100 1")
	var out bytes.Buffer
	assert.ErrorIs(t, compareFiles(&out, many, few), errSlower)
	assert.Regexp(t, `Garbage +sets/s +-90 %`, out.String())
	out.Reset()
	assert.NoError(t, compareFiles(&out, few, many), "more is no worse")
	assert.Contains(t, out.String(), "3 figures")
	assert.Zero(t, better("gets/set"))
}

// TestCompareOfOtherMachines: what makes it doubtful is said.
func TestCompareOfOtherMachines(t *testing.T) {
	before := steady(20, 2).write(t)
	var out bytes.Buffer
	assert.NoError(t, compareFiles(&out, before, before))
	assert.NotContains(t, out.String(), "machine")
	for _, c := range [][3]string{
		{"cpu: some", "cpu: other", `cpu is "some" and then "other"`},
		{"goarch: amd64", "goarch: arm64", `goarch is "amd64" and then "arm64"`},
		{"gomaxprocs: 2", "gomaxprocs: 4", `gomaxprocs is "2" and then "4"`},
		{"goversion: go1", "goversion: go2", `goversion is "go1" and then "go2"`},
		{"load: 0.5", "load: 9.5", "noisy during"},
	} {
		out.Reset()
		assert.NoError(t, compareFiles(&out, before, edited(t, before, c[0], c[1])))
		assert.Contains(t, out.String(), c[2])
	}
	early := before + part
	require.NoError(t, os.Rename(before, early))
	out.Reset()
	assert.NoError(t, compareFiles(&out, early, early))
	assert.Contains(t, out.String(), "ended early")
}

// TestReadRejectsWhatCannotBe: a value that is no number, or less than nothing,
// is a mistake in the file.
func TestReadRejectsWhatCannotBe(t *testing.T) {
	for _, value := range []string{"NaN", "-5", "Inf", "-Inf"} {
		path := filepath.Join(t.TempDir(), "r.txt")
		text := "round: 1\nBenchmarkSet/rival=event-2 1 0 ns/op\nBenchmarkGet/rival=event-2 1 " + value + " ns/op\n"
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := readResults(path)
		assert.ErrorContains(t, err, path+": line 3: Get/rival=event-2 has ")
	}
}

func TestCompare(t *testing.T) {
	before := steady(10, 2)
	slow := func(by map[string]float64) run {
		return run{10, before.rivals, func(round int, rival string) float64 {
			return by[rival] * before.at(round, rival)
		}}
	}
	for _, c := range []struct {
		name string
		by   map[string]float64
		want error
	}{
		{"the same", map[string]float64{"event": 1, "cond": 1}, nil},
		{"a slower machine", map[string]float64{"event": 3, "cond": 3}, nil},
		{"slower, a little", map[string]float64{"event": 1.03, "cond": 1}, nil},
		{"slower", map[string]float64{"event": 1.2, "cond": 1}, errSlower},
		{"faster", map[string]float64{"event": 0.8, "cond": 1}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			err := compareFiles(&out, before.write(t), slow(c.by).write(t))
			assert.Equal(t, c.want, err, out.String())
			assert.Equal(t, c.want != nil, strings.Contains(out.String(), "+20 %"), out.String())
		})
	}
}

// TestCompareIsFair: neither the machine's speed, nor which rivals are in a
// file, nor how often they or all were run, makes anything slower.
func TestCompareIsFair(t *testing.T) {
	all := []string{"event", "cond", "channel", "ro"}
	takes := func(slow float64) func(int, string) float64 {
		return func(round int, rival string) float64 {
			every := map[string]int{"event": 1, "cond": 1, "channel": 2, "ro": 3}[rival]
			if (round-1)%every != 0 {
				return 0
			}
			own := map[string]float64{"event": 100, "cond": 50, "channel": 400, "ro": 9000}[rival]
			return own * slow * (1 + 0.004*float64(round%5))
		}
	}
	before := run{20, all, takes(1)}
	for name, after := range map[string]run{
		"slower machine": {20, all, takes(1.5)},
		"fewer rounds":   {7, all, takes(1)},
		"fewer rivals":   {20, all[:2], takes(1)},
		"no rivals":      {20, all[:1], takes(1)},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			assert.NoError(t, compareFiles(&out, before.write(t), after.write(t)), &out)
			assert.NoError(t, compareFiles(&out, after.write(t), before.write(t)), &out)
		})
	}
	slower := run{20, all, func(round int, rival string) float64 {
		if rival == "event" {
			return 1.2 * before.at(round, rival)
		}
		return before.at(round, rival)
	}}
	var out bytes.Buffer
	assert.Equal(t, errSlower, compareFiles(&out, before.write(t), slower.write(t)))
	assert.Contains(t, out.String(), "+20 %")
}
