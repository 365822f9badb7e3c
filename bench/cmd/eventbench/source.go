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

// A source is a package with benchmarks that are run. Their names are made of "/rival=" and a
// contender, which may be missing if there is only one, and of the keys in newProjections. To add a package, in whatever module, is to add it to sources.
type source struct {
	dir string
	// benchtime is for packages whose tests do not have the flags of bench.Main: how long each
	// of their benchmarks runs, at a time with all of its sub-benchmarks.
	benchtime string
	// quick: it is also part of a quick run.
	quick bool
	// every, if it is not 0, says in which rounds it is run: in each so many-th.
	every int
}

var sources = []source{
	{dir: "bench", quick: true},
	{dir: "bench/rivals"},
	{dir: "etcd/etcdtest/integration", benchtime: "1x", every: 3},
}

// A cell is one sub-benchmark: what is run at a time.
type cell struct {
	binary    string
	dir       string // of the package
	name      string
	benchtime string
	all       bool // it is a benchmark with all of its sub-benchmarks
	every     int  // it is run in every such round, beginning with the first
}

// build builds the test binaries and asks them for their cells. The sum is one of what is measured.
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
				continue // Once is enough to calibrate.
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

// list returns what a binary can run, a line each.
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

// million reports whether it is one that its binary knows only by that flag.
func (c cell) million() bool { return strings.Contains(c.name, "watchers=1000000") }

var crowded = regexp.MustCompile(`/watchers=\d{6,}`)

// every returns in which rounds a sub-benchmark is run: in all, if the table of costs is about it;
// seldom if it takes long.
func every(name string) int {
	switch {
	case strings.HasPrefix(name, calibrate) || isCost(name):
		return 1
	case crowded.MatchString(name):
		return 3
	}
	return 2
}

// isCost reports whether a row of the table of costs is about a sub-benchmark.
func isCost(name string) bool {
	for _, c := range costs {
		if name == c.num.name() || name == c.den.name() {
			return true
		}
	}
	return false
}
