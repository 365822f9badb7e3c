package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// A screen shows lines. On a terminal, each line replaces the line before it.
// Otherwise the lines are printed one below the other.
type screen struct {
	w        io.Writer
	terminal bool
	every    time.Duration // between two lines
}

func newScreen(f *os.File) *screen {
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return &screen{f, true, time.Second}
	}
	return &screen{f, false, 10 * time.Second}
}

// line shows a line.
func (s *screen) line(format string, args ...any) {
	if s.terminal {
		fmt.Fprintf(s.w, "\r\x1b[K"+format, args...)
	} else {
		fmt.Fprintf(s.w, format+"\n", args...)
	}
}

// lastLine shows a line that stays.
func (s *screen) lastLine(format string, args ...any) {
	s.line(format, args...)
	if s.terminal {
		fmt.Fprintln(s.w)
	}
}
