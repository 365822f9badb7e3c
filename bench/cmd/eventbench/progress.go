package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// A progress shows the progress of a run. On a terminal it is one line that
// changes. Otherwise it prints a line every 20 seconds at most.
type progress struct {
	w        io.Writer
	terminal bool
	rounds   int

	started time.Time
	took    map[string]time.Duration // the last run of each cell
	ahead   map[string]int           // the remaining runs of each cell
	count   int                      // the number of runs so far
	begun   time.Time                // when the current cell began
	shown   time.Time                // when the last line was shown
}

func newProgress(f *os.File, rounds int, cells []cell) *progress {
	info, err := f.Stat()
	p := &progress{
		w:        f,
		terminal: err == nil && info.Mode()&os.ModeCharDevice != 0,
		rounds:   rounds,
		started:  time.Now(),
		took:     map[string]time.Duration{},
		ahead:    map[string]int{},
	}
	for round := 1; round <= rounds; round++ {
		for _, c := range inRandomOrder(cells, round) {
			p.ahead[c.name]++
		}
	}
	return p
}

// begin is called before the run of a cell.
func (p *progress) begin(round int, name string) {
	p.begun = time.Now()
	every := 20 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	if time.Since(p.shown) < every {
		return
	}
	p.shown = time.Now()
	line := fmt.Sprintf("round %d of %d, %d runs done, %s left: %s", round, p.rounds, p.count, p.left(), name)
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%.110s", line)
	} else {
		fmt.Fprintln(p.w, line)
	}
}

// done is called after the run of a cell.
func (p *progress) done(name string) {
	p.took[name] = time.Since(p.begun)
	p.ahead[name]--
	p.count++
}

// left returns an estimate of the time until the end. It assumes that each cell
// takes as long as the last time. For a cell that has not run yet, it assumes
// the average of the others.
func (p *progress) left() string {
	if p.count == 0 {
		return "?"
	}
	var known, left time.Duration
	unknown := 0
	for name, n := range p.ahead {
		d, ok := p.took[name]
		if !ok {
			unknown += n
			continue
		}
		known += d
		left += time.Duration(n) * d
	}
	left += time.Duration(unknown) * known / time.Duration(len(p.took))
	return left.Round(time.Second).String()
}

// exceeds reports whether one more round like the last would exceed a budget.
func (p *progress) exceeds(budget time.Duration) bool {
	elapsed := time.Since(p.started)
	var round time.Duration
	for _, d := range p.took {
		round += d
	}
	return elapsed+round > budget
}

// finish shows a summary.
func (p *progress) finish() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	fmt.Fprintf(p.w, "%d runs in %s\n", p.count, time.Since(p.started).Round(time.Second))
}
