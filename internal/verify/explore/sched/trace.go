package sched

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// shownSteps is the number of steps that the trace of a long run shows at its
// beginning, and again at its end.
const shownSteps = 200

// A tracedStep is a step of a run that is traced.
type tracedStep struct {
	thread, what, result string
	pcs                  [8]uintptr
	switched             bool
}

// record adds the step that the current thread is about to take to the trace.
func (x *explorer) record(what string) {
	s := tracedStep{thread: x.cur.name, what: what}
	runtime.Callers(3, s.pcs[:])
	n := len(x.trace)
	s.switched = n > 0 && x.trace[n-1].thread != s.thread
	x.trace = append(x.trace, s)
}

// StepResult adds the result of the step just taken to the trace.
func StepResult(v any) {
	if x.tracing && x.cur != nil && len(x.trace) > 0 {
		x.trace[len(x.trace)-1].result = fmt.Sprint(v)
	}
}

// where returns the first frame outside of the scheduler.
func (s *tracedStep) where() runtime.Frame {
	frames := runtime.CallersFrames(s.pcs[:])
	for {
		f, more := frames.Next()
		if !more || !strings.Contains(f.Function, "/explore/sched") {
			return f
		}
	}
}

// Replay returns the steps of the schedule with the given number in the search
// of s within the bound. It repeats the search up to that schedule.
func Replay(s *Scenario, bound int, number uint64) (string, error) {
	renew(bound)
	if number > 1 {
		exhausted := x.search(s, number-1, func() {})
		if done := x.runs - x.runsBefore; exhausted || x.failure != "" {
			return "", fmt.Errorf("the last schedule of %s is number %d", s.Name, done)
		}
	}
	x.tracing = true
	x.runOnce(s)
	defer func() { x.run = nil }()
	return x.formatTrace(), nil
}

// traceFailure repeats the run that has just failed and returns its trace.
func (x *explorer) traceFailure(s *Scenario) string {
	failure := x.failure
	x.failure, x.path, x.tracing = "", x.path[:x.depth], true
	x.runOnce(s)
	trace := x.formatTrace()
	if x.failure != failure {
		trace += fmt.Sprintf("the first run failed differently: %s\n", failure)
	}
	return trace
}

// formatTrace returns the trace of the run that has just ended.
func (x *explorer) formatTrace() string {
	w := new(strings.Builder)
	src := sources()
	for i, t := range x.trace {
		if n := len(x.trace); n > 2*shownSteps && i >= shownSteps && i < n-shownSteps {
			if i == shownSteps {
				fmt.Fprintf(w, "     %d more steps\n", n-2*shownSteps)
			}
			continue
		}
		src.write(w, i, &t)
	}
	for _, t := range x.blocked {
		fmt.Fprintf(w, "       %-16s waits\n", t)
	}
	switch {
	case x.failure != "":
		fmt.Fprintf(w, "%s: %s\n", x.run.name, x.failure)
	case x.pruned:
		fmt.Fprintf(w, "%s: reaches a state that was visited before\n", x.run.name)
	default:
		fmt.Fprintf(w, "%s: no failure\n", x.run.name)
	}
	return w.String()
}

// write writes the step with index i.
func (t *texts) write(w io.Writer, i int, s *tracedStep) {
	mark := " "
	if s.switched {
		mark = ">"
	}
	f := s.where()
	what := s.what
	if s.result != "" {
		what += " = " + s.result
	}
	fmt.Fprintf(w, "%4d %s %-16s %-36s %s:%-4d %-30s %s\n", i+1, mark, s.thread, what, short(f.File), f.Line,
		f.Function[strings.LastIndexByte(f.Function, '/')+1:], t.line(f.File, f.Line))
}

func short(file string) string {
	dir, name := filepath.Split(file)
	return filepath.Join(filepath.Base(dir), name)
}

// OverlayEnv is the environment variable with the name of the overlay that the
// program was built with. A trace needs the overlay to show the source.
const OverlayEnv = "EXPLORE_OVERLAY"

// texts holds the lines of the source files that a trace shows.
type texts struct {
	replace map[string]string // the rewritten file, by the original
	lines   map[string][]string
}

func sources() *texts {
	t := &texts{lines: map[string][]string{}}
	var overlay struct{ Replace map[string]string }
	if b, err := os.ReadFile(os.Getenv(OverlayEnv)); err == nil && json.Unmarshal(b, &overlay) == nil {
		t.replace = overlay.Replace
	}
	return t
}

// line returns line n of a file, or "" if there is none.
func (t *texts) line(file string, n int) string {
	lines, ok := t.lines[file]
	if !ok {
		name := file
		if r := t.replace[file]; r != "" {
			name = r
		}
		b, _ := os.ReadFile(name)
		lines = strings.Split(string(b), "\n")
		t.lines[file] = lines
	}
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[n-1])
}
