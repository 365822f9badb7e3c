package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A source is a package with benchmarks that are run. Their names consist of
// "/rival=" with a contender, and of the keys in newProjections. The contender
// may be missing if there is only one. A new package, in any module, must only
// be added to sources.
type source struct {
	dir string
	// benchtime is the -benchtime of packages whose tests do not have the flags
	// of bench.Main. A cell of such a package is a benchmark with all of its
	// sub-benchmarks.
	benchtime string
	// quick reports that the package is part of a quick run.
	quick bool
	// every is the number of rounds from one run of a cell to the next. If it
	// is 0, the function every returns the number.
	every int
}

var sources = []source{
	{dir: "bench", quick: true},
	{dir: "bench/rivals"},
	{dir: "bench/inspected"},
	{dir: "etcd/etcdtest/integration", benchtime: "1x", every: 3},
}

// A cell is one sub-benchmark, which is run by itself.
type cell struct {
	binary    string
	dir       string // of the package
	name      string
	benchtime string
	all       bool // the cell is a benchmark with all of its sub-benchmarks
	every     int  // the number of rounds from one run to the next, beginning with the first
}

// build builds the test binaries and gets their cells. sum is a checksum of the
// binaries.
func (o *options) build(ctx context.Context, bin string) (cells []cell, sum string, err error) {
	wanted, err := regexp.Compile(o.bench)
	if err != nil {
		return nil, "", err
	}
	hash := sha256.New()
	for i, s := range sources {
		if i > 0 && !o.rivals || o.quick && !s.quick {
			continue
		}
		dir := filepath.Join(o.root, filepath.FromSlash(s.dir))
		fmt.Fprintln(os.Stderr, "building", s.dir)
		binary := filepath.Join(bin, fmt.Sprintf("bench%d.test", i))
		if _, err := command(ctx, dir, "go", "test", "-c", "-buildvcs=false", "-o", binary, "."); err != nil {
			return nil, "", err
		}
		if err := addFile(hash, binary); err != nil {
			return nil, "", err
		}
		names, err := o.list(ctx, s, dir, binary)
		if err != nil {
			return nil, "", err
		}
		for line := range strings.Lines(names) {
			c := cell{binary: binary, dir: dir, benchtime: s.benchtime, all: s.benchtime != ""}
			var own string
			if c.name, own, _ = strings.Cut(strings.TrimSpace(line), " "); own != "" {
				c.benchtime = own
			}
			if c.calibrates() && i > 0 || !c.calibrates() && !wanted.MatchString(c.name) || o.quick && !isQuick(c.name) {
				continue // The calibration of one binary is enough.
			}
			if c.every = s.every; c.every == 0 {
				c.every = every(c.name)
			}
			if o.quick {
				c.every, c.benchtime = 1, quickTime(c.benchtime)
			}
			cells = append(cells, c)
		}
	}
	return cells, fmt.Sprintf("%x", hash.Sum(nil)[:6]), nil
}

func addFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// list returns the cells of a binary, one in each line.
func (o *options) list(ctx context.Context, s source, dir, binary string) (string, error) {
	args := []string{"-cells"}
	if s.benchtime != "" {
		args = []string{"-test.list=^Benchmark"}
	} else if o.million {
		args = append(args, "-million")
	}
	out, err := command(ctx, dir, binary, args...)
	return string(out), err
}

const calibrate = "BenchmarkCalibrate/"

func (c cell) calibrates() bool { return strings.HasPrefix(c.name, calibrate) }

// million reports whether the cell exists only with the flag -million.
func (c cell) million() bool { return strings.Contains(c.name, "watchers=1000000") }

// manyWatchers matches the names of sub-benchmarks that take long.
var manyWatchers = regexp.MustCompile(`/watchers=\d{6,}`)

// every returns the number of rounds from one run of a sub-benchmark to the
// next. It is 1 for the table of costs, and largest for sub-benchmarks that
// take long.
func every(name string) int {
	switch {
	case strings.HasPrefix(name, calibrate) || isCost(name):
		return 1
	case manyWatchers.MatchString(name):
		return 3
	}
	return 2
}

// isCost reports whether a row of the table of costs needs a sub-benchmark.
func isCost(name string) bool {
	for _, c := range costs {
		if name == c.num.name() || name == c.den.name() {
			return true
		}
	}
	return false
}
