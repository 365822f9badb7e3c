package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/eventvalue/event/file"
)

// A Screen prints lines. On a terminal it also shows a live line below them,
// with the current state.
type Screen struct {
	mu   sync.Mutex
	out  io.Writer
	live bool
	line string // The text of the live line.
}

// NewScreen returns a Screen that prints to out, with a live line or without.
func NewScreen(out io.Writer, live bool) *Screen { return &Screen{out: out, live: live} }

// Printf prints above the live line. The format should end with a newline.
func (s *Screen) Printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.line
	s.show("")
	fmt.Fprintf(s.out, format, args...)
	s.show(line)
}

// show replaces the live line. It overwrites the old line with blanks, because
// some terminals cannot clear a line.
func (s *Screen) show(line string) {
	if line == s.line {
		return
	}
	blanks := strings.Repeat(" ", max(0, utf8.RuneCountInString(s.line)-utf8.RuneCountInString(line)))
	fmt.Fprintf(s.out, "\r%s%s", line, blanks)
	if line == "" {
		fmt.Fprint(s.out, "\r")
	}
	s.line = line
}

// Live calls text several times a second and shows the result as the live line,
// until stop is called.
func (s *Screen) Live(text func() string) (stop func()) {
	if !s.live {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			line := text()
			select {
			case <-done:
				line = ""
			case <-ticker.C:
			}
			s.mu.Lock()
			s.show(line)
			s.mu.Unlock()
			if line == "" {
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(done); <-ended })
}

const changesWidth = 40

// Heading prints the table's first lines.
func (s *Screen) Heading() {
	s.Printf("%7s  %-*s %8s %8s %8s %8s %8s\n%7s  %-*s %8s %8s %8s %8s %8s\n",
		"version", changesWidth, "what changed", "Set", "p50", "p99", "last", "skipped",
		"", changesWidth, "", "µs", "ms", "ms", "ms", "workers")
}

// Rows prints a row for each delivery.
func (s *Screen) Rows(deliveries []*Delivery) {
	for _, d := range deliveries {
		lags, skipped := sortedLags(d)
		s.Printf("%7d  %s %8.1f %8s %8s %8s %8d\n", d.Version, pad(strings.Join(d.Changes, ", "), changesWidth),
			float64(d.Set)/float64(time.Microsecond),
			millis(lags, 50), millis(lags, 99), millis(lags, 100), skipped)
	}
}

// Status prints what is new in a status after last. A row shows a new version.
func (s *Screen) Status(last, st file.Status) {
	if st.Polling != nil && last.Polling == nil {
		s.Printf("%7s  the file is read again and again: %v\n", "–", st.Polling)
	}
	if st.Err != nil {
		s.Problem(st)
	} else if last.Err != nil && st.Version == last.Version {
		s.Printf("%7s  the file is good again; version %d stays in force\n", "–", st.Version)
	}
}

// Problem prints the error of the file and the version in force.
func (s *Screen) Problem(st file.Status) {
	if st.Version == 0 {
		s.Printf("%7s  %v; waiting for a good file\n", "–", st.Err)
		return
	}
	s.Printf("%7s  %v; version %d stays in force\n", "–", st.Err, st.Version)
}

// sortedLags returns the lags of the workers that got d, and the number of
// workers that skipped it.
func sortedLags(d *Delivery) (lags []time.Duration, skipped int) {
	lags = slices.Sorted(slices.Values(d.Lags))
	for skipped < len(lags) && lags[skipped] == 0 {
		skipped++
	}
	return lags[skipped:], skipped
}

// millis returns a percentile of the sorted lags, in milliseconds.
func millis(lags []time.Duration, percent int) string {
	if len(lags) == 0 {
		return "–"
	}
	i := (len(lags)*percent+99)/100 - 1
	return fmt.Sprintf("%.2f", float64(lags[i])/float64(time.Millisecond))
}

// pad pads or truncates s to the width of a column.
func pad(s string, width int) string {
	if runes := []rune(s); len(runes) > width {
		s = string(runes[:width-1]) + "…"
	}
	return fmt.Sprintf("%-*s", width, s)
}
