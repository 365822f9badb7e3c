package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/bench"
)

// TestRunReadsResults: a log line is no result, and one result is wanted.
func TestRunReadsResults(t *testing.T) {
	dir := t.TempDir()
	c := script(t, dir, "cat out\n")
	run := func(out string) (string, error) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "out"), []byte(out), 0o600))
		lines, err := c.run(t.Context())
		return string(lines), err
	}
	lines, err := run("goos: linux\nBenchmarkX\n    x.go:1: log\nBenchmarkX-2  1 2 ns/op\nPASS\n")
	require.NoError(t, err)
	assert.Equal(t, "goos: linux\nBenchmarkX-2  1 2 ns/op\n", lines)
	_, err = run("PASS\n")
	assert.ErrorContains(t, err, "gives 0 results")
	two := "BenchmarkX/a-2  1 2 ns/op\nBenchmarkX/b-2  1 2 ns/op\n"
	_, err = run(two)
	assert.ErrorContains(t, err, "gives 2 results")
	c.all = true
	lines, err = run(two)
	require.NoError(t, err)
	assert.Equal(t, two, lines)
}

// TestStoppedRunEnds: so does what it has started, which might still write what
// would be left.
func TestStoppedRunEnds(t *testing.T) {
	dir := t.TempDir()
	alive := filepath.Join(dir, "alive")
	c := script(t, dir, "sleep 1000 &\necho $! >pid\nmv pid alive\nwait\n")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	go func() {
		defer cancel(stop)
		for {
			if _, err := os.Stat(alive); err == nil || t.Context().Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, err := c.run(ctx)
	assert.ErrorIs(t, err, stop)
	text, err := os.ReadFile(alive)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	grandchild, err := os.FindProcess(pid)
	require.NoError(t, err)
	assert.ErrorIs(t, grandchild.Signal(syscall.Signal(0)), os.ErrProcessDone)
	_, err = cell{binary: filepath.Join(dir, "none"), dir: dir}.run(t.Context())
	assert.Error(t, err)
}

// script is a cell that runs a shell script in a directory.
func script(t *testing.T, dir, text string) cell {
	binary := filepath.Join(dir, "b.sh")
	require.NoError(t, os.WriteFile(binary, []byte("#!/bin/sh\n"+text), 0o700))
	return cell{binary: binary, dir: dir, name: "BenchmarkX", every: 1}
}

// TestTemporary: what is run has its temporary files where they are removed.
func TestTemporary(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir, err := temporary()
	require.NoError(t, err)
	_, err = script(t, t.TempDir(), "touch $TMPDIR/left; echo BenchmarkX-2 1 2 ns/op").run(t.Context())
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(dir, "left"))
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	_, err = temporary()
	assert.Error(t, err)
}

// TestEarlyEnd: what was measured stays, if it is a round or more, and is no
// result of a full run.
func TestEarlyEnd(t *testing.T) {
	o := options{root: t.TempDir(), rounds: 5}
	require.NoError(t, os.MkdirAll(o.results(), 0o755))
	path := filepath.Join(o.results(), "20260101-000000-abc.txt.part")
	for whole, text := range map[int]string{
		0: "exit 1",
		2: "echo >>runs; test $(wc -l <runs) -lt 3 && echo BenchmarkX-2 1 2 ns/op",
		5: "echo BenchmarkX-2 1 2 ns/op",
	} {
		t.Run(fmt.Sprint(whole), func(t *testing.T) {
			err := o.runAll(t.Context(), []cell{script(t, t.TempDir(), text)}, "", path)
			assert.Equal(t, whole < 5, err != nil)
			if whole == 0 {
				assert.NoFileExists(t, path)
				return
			}
			got, rerr := readResults(path)
			require.NoError(t, rerr)
			assert.Equal(t, whole, got.rounds)
			if whole < 5 {
				assert.ErrorContains(t, err, "exit status 1")
				assert.ErrorContains(t, err, "with 2 whole rounds, is in "+path)
			}
			_, err = o.newest()
			assert.ErrorIs(t, err, errNoResults)
		})
	}
	assert.Error(t, o.runAll(t.Context(), nil, "", filepath.Join(o.root, "none", "x")))
}

// TestStopped: whoever ends it lets it clean up, but what is to survive its
// terminal does.
func TestStopped(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(s) {
			continue // The tests run under nohup.
		}
		ctx, stop := untilStopped()
		require.NoError(t, self.Signal(s))
		<-ctx.Done()
		stop()
	}
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	_, stop := untilStopped()
	defer stop()
	assert.True(t, signal.Ignored(syscall.SIGHUP))
}

// TestOrder: each round is calibration, what is due, each once, in an order of
// its own, and calibration again.
func TestOrder(t *testing.T) {
	var cells []cell
	for _, line := range bench.Cells(bench.Contenders()) {
		name, _, _ := strings.Cut(line, " ")
		cells = append(cells, cell{name: name, every: every(name)})
	}
	runs := map[string]int{}
	var orders []string
	for round := 1; round <= 20; round++ {
		order := inRandomOrder(cells, round)
		assert.True(t, order[0].calibrates() && order[len(order)-1].calibrates())
		var names []string
		for _, c := range order {
			runs[c.name]++
			names = append(names, c.name)
		}
		orders = append(orders, strings.Join(names, "\n"))
	}
	assert.NotEqual(t, orders[0], orders[6], "the same cells in the same order")
	assert.Equal(t, 40, runs["BenchmarkCalibrate/rival=none"])
	assert.Equal(t, 20, runs["BenchmarkSet/rival=event"])
	assert.Equal(t, 20, runs["BenchmarkSetParked/rival=event/ctx=shared/watchers=100000"], "a cost")
	assert.Equal(t, 10, runs["BenchmarkSet/rival=channel"])
	assert.Equal(t, 7, runs["BenchmarkSetParked/rival=cond/ctx=shared/watchers=100000"])
	for _, c := range cells {
		assert.GreaterOrEqual(t, runs[c.name], 6, "%s: with fewer there is no interval", c.name)
	}
}

func TestQuickTime(t *testing.T) {
	for benchtime, want := range map[string]string{"100ms": "25ms", "50x": "17x", "1x": "1x", "soon": "soon"} {
		assert.Equal(t, want, quickTime(benchtime))
	}
}

// TestFileNames: a run of some benchmarks leaves that of others alone.
func TestFileNames(t *testing.T) {
	for want, o := range map[string]options{
		`^quick\.txt$`:                   {quick: true, rivals: true, rounds: 6},
		`^partial-\d+-\d+-unknown\.txt$`: {quick: true, rivals: true, rounds: 6, bench: "X"},
		`^\d+-\d+-unknown\.txt$`:         {rivals: true, rounds: fullRounds},
	} {
		o.root = t.TempDir()
		assert.Regexp(t, want, o.fileName(t.Context()))
	}
}
