package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fullRounds is the smallest number of rounds of a full run.
const fullRounds = 20

func (o *options) run(ctx context.Context, w io.Writer) (err error) { // uncovered: it measures for minutes
	if o.rounds == 0 {
		o.rounds = fullRounds
		if o.quick {
			o.rounds = 6
		}
	}
	if err := os.MkdirAll(o.results(), 0o755); err != nil {
		return err
	}
	temp, err := temporary()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	cells, sum, err := o.build(ctx, temp)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(cells, func(c cell) bool { return !c.calibrates() }) {
		return fmt.Errorf("no benchmark matches %q", o.bench)
	}
	path := filepath.Join(o.results(), o.fileName(ctx))
	if err := o.runAll(ctx, cells, sum, path+part); err != nil {
		return err
	}
	if err := os.Rename(path+part, path); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "results are in", path)
	if !o.partial() {
		return o.writeReport(ctx)
	}
	r, err := readResults(path)
	if err != nil {
		return err
	}
	_, err = w.Write(report(r))
	return err
}

// temporary makes a directory. All programs that are run afterwards use it for
// their temporary files. The files that a killed program leaves behind are
// removed with the directory.
func temporary() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "eventbench"); err != nil {
		return "", err
	}
	return dir, os.Setenv("TMPDIR", dir)
}

// fileName returns the name of the file of results. The names of full runs are
// in chronological order.
func (o *options) fileName(ctx context.Context) string {
	if o.quick && o.bench == "" {
		return "quick.txt"
	}
	name := fmt.Sprintf("%s-%s.txt", time.Now().UTC().Format("20060102-150405"), o.commit(ctx))
	if o.partial() {
		name = "partial-" + name
	}
	return name
}

// full reports whether these are the results of a full run. Only a full run has
// plots.
func (r *results) full() bool { return fullName.MatchString(filepath.Base(r.path)) }

var fullName = regexp.MustCompile(`^\d{8}-\d{6}-\w+(-modified)?\.txt$`)

// full returns the files of the full runs, the oldest first.
func (o *options) full() (paths []string, err error) {
	entries, err := os.ReadDir(o.results())
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if fullName.MatchString(e.Name()) {
			paths = append(paths, filepath.Join(o.results(), e.Name()))
		}
	}
	return paths, nil
}

// quickBudget is the longest duration of a quick run. The run ends if one more
// round would exceed it.
const quickBudget = 50 * time.Second

// quickly matches the sub-benchmarks of a quick run.
var quickly = regexp.MustCompile(`^Benchmark(` + `Calibrate/rival=none` +
	`|(Set|Get|Load|RoundTrip|WatchGetClose)/rival=(event|cond|channel|replace-eager|store)(/ctx=cancel)?` +
	`|SetParked/rival=(event|cond|replace-eager)/ctx=shared/watchers=(100|10000)` +
	`|ParkedBytes/rival=(event|replace-eager)/.*` +
	`)$`)

func isQuick(name string) bool { return quickly.MatchString(name) }

// quickTime shortens a -benchtime.
func quickTime(benchtime string) string {
	if d, err := time.ParseDuration(benchtime); err == nil {
		return (d / 4).String()
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(benchtime, "x")); err == nil {
		return fmt.Sprintf("%dx", (n+2)/3)
	}
	return benchtime
}

// part is the suffix of the name of a file of results that is not complete.
const part = ".part"

// runAll runs all cells, round after round, and writes their output to a file.
// If it fails, it removes the file, unless the file has a whole round.
func (o *options) runAll(ctx context.Context, cells []cell, sum, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	finished, err := o.runInto(ctx, file, path, cells, sum)
	err = errors.Join(err, file.Close())
	switch {
	case err == nil:
		return nil
	case finished == 0:
		return errors.Join(err, os.Remove(path))
	}
	return fmt.Errorf("%w\nThe run ended early; what it measured, with %d whole rounds, is in %s", err, finished, path)
}

// runInto writes the results to file, which is at path, and returns the number
// of whole rounds. After the first round it reads the file, so that results that
// cannot be read end the run early.
func (o *options) runInto(ctx context.Context, file io.Writer, path string, cells []cell, sum string) (finished int, err error) {
	if err := o.writeHeader(ctx, file, sum); err != nil {
		return 0, err // uncovered: a full disk
	}
	p := newProgress(os.Stderr, o.rounds, cells)
	defer p.finish()
	for round := 1; round <= o.rounds && !(o.quick && p.exceeds(quickBudget)); round++ {
		if _, err := fmt.Fprintf(file, "round: %d\nload: %s\n", round, loadAverage()); err != nil {
			return finished, err // uncovered: a full disk
		}
		for _, c := range inRandomOrder(cells, round) {
			p.begin(round, c.name)
			lines, err := c.run(ctx)
			if err != nil {
				return finished, err
			}
			p.done(c.name)
			if _, err := file.Write(lines); err != nil {
				return finished, err // uncovered: a full disk
			}
		}
		if round == 1 {
			if _, err := readResults(path); err != nil {
				return finished, err
			}
		}
		finished++
	}
	return finished, nil
}

// due reports whether the cell runs in a round.
func (c cell) due(round int) bool { return (round-1)%c.every == 0 }

// inRandomOrder returns the cells that are due in a round. The first and the
// last are calibrations, and all others are in random order between them.
func inRandomOrder(cells []cell, round int) []cell {
	var ends, rest []cell
	for _, c := range cells {
		switch {
		case c.calibrates():
			ends = append(ends, c)
		case c.due(round):
			rest = append(rest, c)
		}
	}
	rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return append(append(append([]cell{}, ends...), rest...), ends...)
}

// run runs the cell and returns the relevant lines of its output.
func (c cell) run(ctx context.Context) ([]byte, error) {
	var pattern []string
	for part := range strings.SplitSeq(c.name, "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	args := []string{
		"-test.run=^$", "-test.bench=" + strings.Join(pattern, "/"),
		"-test.benchtime=" + c.benchtime, "-test.timeout=5m",
	}
	if c.million() {
		args = append(args, "-million")
	}
	out, err := command(ctx, c.dir, c.binary, args...)
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	results := 0
	for line := range bytes.Lines(out) {
		key, _, _ := bytes.Cut(line, []byte(": "))
		switch string(key) {
		case "pkg", "cpu", "goos", "goarch":
			lines.Write(line)
		}
		// A benchmark that logs has its name in a line of its own, without
		// results.
		if bytes.HasPrefix(line, []byte("Benchmark")) && len(bytes.Fields(line)) > 2 {
			results++
			lines.Write(line)
		}
	}
	if results == 0 || results > 1 && !c.all {
		return nil, fmt.Errorf("%s gives %d results:\n%s", c.name, results, out)
	}
	return lines.Bytes(), nil
}

// command runs a program and returns its output. If the program fails, command
// kills all processes that the program has started.
func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second // Processes that it has started may keep its output open.
	inGroup(cmd)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		endGroup(cmd)
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, out, &stderr)
	}
	return out, nil
}
