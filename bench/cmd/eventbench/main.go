// Eventbench runs the benchmarks of package bench, of bench/rivals, of
// bench/inspected and of etcd/etcdtest/integration, and writes BENCHMARKS.md,
// bench/results/REPORT.md and a part of README.md.
//
// It builds the test binaries once. Then it runs every sub-benchmark by itself,
// all of them in random order, in many rounds. A slow change of the machine
// therefore affects all of them equally. A benchmark of etcd runs with all of
// its sub-benchmarks. The sub-benchmarks of the table of costs run in every
// round, slow ones in every third round, all others in every second round. Raw
// results go to bench/results, in the format that benchstat reads.
//
//	go run ./bench/cmd/eventbench                  # everything; less than half an hour
//	go run ./bench/cmd/eventbench -quick           # the most important; less than a minute
//	go run ./bench/cmd/eventbench -bench SetParked # some
//	go run ./bench/cmd/eventbench -report          # write the documents again
//	go run ./bench/cmd/eventbench -compare old.txt # what has become slower since old.txt
//
// It exits with status 1 if it fails. With -compare, it exits with status 3 if
// something has become worse. It exits with status 4 if nothing was found, but
// figures are missing or there were too few rounds for some. If a run ends
// early after at least one round, its results stay in a file whose name ends in
// .part.
//
// Only a full run writes the documents. Other runs print their report. The
// documents show the newest full run in bench/results. The report also shows
// how far this run agrees with the run before on the same machine. Absolute
// times are shown only if the machine was quiet.
//
// # How noise is found
//
// Each round begins and ends with BenchmarkCalibrate. It is arithmetic that
// always takes the same time, unless the machine is busy with something else.
// The load average is recorded at the beginning of each round. The report calls
// the machine noisy if one of the following is true:
//
//   - More than a tenth of the calibrations took more than 5 % longer than the
//     median calibration.
//   - The load average was higher than the benchmarks account for.
//   - The times of a Set and a Get without waiting are known to no better than
//     10 %.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

type options struct {
	quick   bool
	report  bool
	million bool
	rivals  bool
	plots   bool
	rounds  int
	bench   string
	compare string
	args    []string
	given   []string // the names of the flags that were given
	root    string   // of the repository
	command string
}

// The errors of -compare.
var (
	errSlower = errors.New("slower")                // Some figure is worse.
	errUnsure = errors.New("not all could be told") // No figure is worse, but some are undecided.
)

func main() { // uncovered: it is the process itself
	var o options
	flag.BoolVar(&o.quick, "quick", false, "run the most important benchmarks only, in less than a minute")
	flag.BoolVar(&o.report, "report", false, "run nothing; write BENCHMARKS.md, REPORT.md and the part of README.md\nagain from bench/results")
	flag.BoolVar(&o.million, "million", false, "also run with a million watchers (needs some 5 GB of memory)")
	flag.BoolVar(&o.rivals, "rivals", true, "also run the libraries of bench/rivals, and etcd")
	flag.BoolVar(&o.plots, "plots", true, "also draw the plots, by bench/plot")
	flag.IntVar(&o.rounds, "rounds", 0, "how often to run everything (default 20, less is no full run; with -quick 6)")
	flag.StringVar(&o.bench, "bench", "", "run only what matches this `regexp`")
	flag.StringVar(&o.compare, "compare", "", "run nothing; say what is slower in the newest full run, or in the file\ngiven as argument, than in this `file`")
	flag.Parse()
	o.args = flag.Args()
	flag.Visit(func(f *flag.Flag) { o.given = append(o.given, f.Name) })
	o.command = "eventbench"
	for _, arg := range os.Args[1:] {
		o.command += " " + arg
	}
	ctx, stop := untilStopped()
	defer stop()
	err := o.main(ctx, os.Stdout)
	switch {
	case errors.Is(err, errSlower):
		os.Exit(3)
	case errors.Is(err, errUnsure):
		os.Exit(4)
	case err != nil:
		fmt.Fprintln(os.Stderr, "eventbench:", err)
		os.Exit(1)
	}
}

// untilStopped returns a context that ends when a signal tries to end the
// program. SIGHUP stays ignored if it is ignored, as under nohup.
func untilStopped() (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signal.NotifyContext(context.Background(), signals...)
}

func (o *options) main(ctx context.Context, w io.Writer) (err error) {
	if o.root, err = findRoot(); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	switch {
	case o.compare != "":
		return o.compareWith(w, append(o.args, "")[0])
	case o.report:
		return o.writeReport(ctx)
	}
	return o.run(ctx, w)
}

// check returns an error if flags or arguments are wrong or would be ignored.
func (o *options) check() error {
	given := func(name string) bool { return slices.Contains(o.given, name) }
	switch {
	case given("rounds") && o.rounds < 1:
		return fmt.Errorf("-rounds %d: there is at least one", o.rounds)
	case given("compare") && o.compare == "":
		return errors.New("-compare needs a file")
	case len(o.args) > 1 || len(o.args) > 0 && o.compare == "":
		return fmt.Errorf("what is %q? Only -compare takes an argument, one file", o.args)
	}
	for mode, heeds := range map[string]string{"compare": "", "report": "plots"} {
		for _, name := range o.given {
			if given(mode) && name != mode && name != heeds {
				return fmt.Errorf("-%s together with -%s, which it would ignore", mode, name)
			}
		}
	}
	return nil
}

// compareWith compares with the file newer, or with the newest full run if
// newer is "".
func (o *options) compareWith(w io.Writer, newer string) error {
	if newer == "" {
		r, err := o.newest()
		if err != nil {
			return err
		}
		newer = r.path
	}
	return compareFiles(w, o.compare, newer)
}

func (o *options) results() string { return filepath.Join(o.root, "bench", "results") }

// newest returns the results of the newest full run. Their field before has the
// results of the full run before on the same machine, if there is one.
func (o *options) newest() (r *results, err error) {
	paths, err := o.full()
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Backward(paths) {
		earlier, err := readResults(path)
		switch {
		case err != nil:
			return nil, err
		case !earlier.whole():
			return nil, fmt.Errorf("%s: not a whole run; delete it, or make another", path)
		case r == nil:
			r = earlier
		case r.sameMachine(earlier):
			r.before = earlier
			return r, nil
		}
	}
	if r == nil {
		return nil, errNoResults
	}
	return r, nil
}

var errNoResults = errors.New("bench/results has no full run: make one with go run ./bench/cmd/eventbench")

// partial reports whether the run is not a full run.
func (o *options) partial() bool {
	return o.quick || o.million || o.bench != "" || !o.rivals || o.rounds < fullRounds
}

// writeReport writes the documents and the plots.
func (o *options) writeReport(ctx context.Context) error {
	r, err := o.newest()
	if err != nil {
		return err
	}
	_, missing := r.report()
	if len(missing) > 0 {
		return fmt.Errorf("%s: not a whole run, it lacks %s; delete it, or make another", r.path, strings.Join(missing, ", "))
	}
	if o.plots {
		if err := o.plot(ctx, r, o.results()); err != nil {
			return fmt.Errorf("plots: %w", err)
		}
	}
	documents, err := o.documents(r)
	if err != nil {
		return err
	}
	for path, text := range documents {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

var isModule = regexp.MustCompile(`(?m)^module github\.com/eventvalue/event$`)

// findRoot returns the directory of the root module, above the current one.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && isModule.Match(mod) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("run it in the repository of github.com/eventvalue/event")
		}
		dir = parent
	}
}
