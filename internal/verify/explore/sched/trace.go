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

// toldSteps is how many steps are told at the beginning and at the end of a run that is long.
const toldSteps = 200

// A traced is a step of a run that is told.
type traced struct {
	thread, what, result string
	pcs                  [8]uintptr
	switched             bool
}

// record notes the step that the thread that runs is about to take.
func (x *explorer) record(what string) {
	s := traced{thread: x.cur.name, what: what}
	runtime.Callers(3, s.pcs[:])
	n := len(x.trace)
	s.switched = n > 0 && x.trace[n-1].thread != s.thread
	x.trace = append(x.trace, s)
}

// Gave adds to the step just taken what came of it.
func Gave(v any) {
	if x.tracing && x.cur != nil && len(x.trace) > 0 {
		x.trace[len(x.trace)-1].result = fmt.Sprint(v)
	}
}

// where returns the first frame outside of the scheduler.
func (s *traced) where() runtime.Frame {
	frames := runtime.CallersFrames(s.pcs[:])
	for {
		f, more := frames.Next()
		if !more || !strings.Contains(f.Function, "/explore/sched") {
			return f
		}
	}
}

// Replay tells the schedule of the given number, step by step: that of the search of s within the
// bound, which is repeated up to there.
func Replay(s *Scenario, bound int, number uint64) (string, error) {
	renew(bound)
	if number > 1 {
		exhausted := x.search(s, number-1, func() {})
		if done := x.runs - x.began; exhausted || x.failure != "" {
			return "", fmt.Errorf("the last schedule of %s is number %d", s.Name, done)
		}
	}
	x.tracing = true
	x.once(s)
	defer func() { x.run = nil }()
	return x.told(), nil
}

// retell repeats the run that has just failed and tells it.
func (x *explorer) retell(s *Scenario) string {
	failure := x.failure
	x.failure, x.path, x.tracing = "", x.path[:x.depth], true
	x.once(s)
	told := x.told()
	if x.failure != failure {
		told += fmt.Sprintf("but before, it failed otherwise: %s\n", failure)
	}
	return told
}

// told tells the run that is over.
func (x *explorer) told() string {
	w := new(strings.Builder)
	src := sources()
	for i, t := range x.trace {
		if n := len(x.trace); n > 2*toldSteps && i >= toldSteps && i < n-toldSteps {
			if i == toldSteps {
				fmt.Fprintf(w, "     %d more steps\n", n-2*toldSteps)
			}
			continue
		}
		src.tell(w, i, &t)
	}
	for _, t := range x.asleep {
		fmt.Fprintf(w, "       %-16s waits\n", t)
	}
	switch {
	case x.failure != "":
		fmt.Fprintf(w, "%s: %s\n", x.run.name, x.failure)
	case x.pruned:
		fmt.Fprintf(w, "%s: comes to a state that was met before\n", x.run.name)
	default:
		fmt.Fprintf(w, "%s: nothing wrong\n", x.run.name)
	}
	return w.String()
}

// tell tells a step, the i-th from 0.
func (t *texts) tell(w io.Writer, i int, s *traced) {
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

// OverlayEnv names the overlay that the program was built with, so that a trace can show the source.
const OverlayEnv = "EXPLORE_OVERLAY"

type texts struct {
	replace map[string]string
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
