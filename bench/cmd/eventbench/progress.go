package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// A progress tells how far a run is. On a terminal it is one line that changes; else a
// line now and then.
type progress struct {
	w        io.Writer
	terminal bool
	rounds   int

	started time.Time
	took    map[string]time.Duration // the last run of each cell
	ahead   map[string]int           // the runs of each that are to come
	count   int                      // of runs so far
	begun   time.Time                // of the current cell
	told    time.Time
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

func (p *progress) begin(round int, name string) {
	p.begun = time.Now()
	every := 20 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	if time.Since(p.told) < every {
		return
	}
	p.told = time.Now()
	line := fmt.Sprintf("round %d of %d, %d runs done, %s left: %s", round, p.rounds, p.count, p.left(), name)
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%.110s", line)
	} else {
		fmt.Fprintln(p.w, line)
	}
}

func (p *progress) done(name string) {
	p.took[name] = time.Since(p.begun)
	p.ahead[name]--
	p.count++
}

// left estimates the time until the end: each cell takes what it took last. What has not run
// yet takes what the others took on average.
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

// over reports whether one more round like the last would exceed a budget.
func (p *progress) over(budget time.Duration) bool {
	elapsed := time.Since(p.started)
	var round time.Duration
	for _, d := range p.took {
		round += d
	}
	return elapsed+round > budget
}

func (p *progress) end() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	fmt.Fprintf(p.w, "%d runs in %s\n", p.count, time.Since(p.started).Round(time.Second))
}
