package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eventvalue/event"
)

// A Screen shows the steps of the demonstration and the views of the nodes. On
// a terminal the views are a live board below the steps. Otherwise they are
// lines, too. The methods may be called concurrently.
type Screen struct {
	start time.Time
	live  bool

	mu    sync.Mutex
	w     io.Writer
	board Board
	drawn int // the number of lines of the board on the terminal
}

// NewScreen returns a Screen that writes to w. live reports whether w is a
// terminal.
func NewScreen(w io.Writer, live bool) *Screen {
	return &Screen{start: time.Now(), live: live, w: w}
}

// Say writes a line with the time since the start.
func (s *Screen) Say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintf(s.w, "%6.2f s  %s\n", time.Since(s.start).Seconds(), fmt.Sprintf(format, args...))
	s.draw()
}

// Pause waits for a second on a terminal, so that a person can read it.
func (s *Screen) Pause(ctx context.Context) {
	if !s.live {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
}

// Follow shows a board until stop is called.
func (s *Screen) Follow(board event.ValueWatch[Board]) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := range event.Values(ctx, board) {
			s.show(b)
		}
	}()
	return func() { cancel(); <-done }
}

func (s *Screen) show(b Board) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live {
		s.erase()
		s.board = b
		s.draw()
		return
	}
	for _, name := range names(b) {
		if was := s.board[name]; was.Pid != b[name].Pid || !sameView(was.View, b[name].View) {
			fmt.Fprintf(s.w, "          %s\n", line(name, b[name]))
		}
	}
	s.board = b
}

// Close leaves the board on the terminal as it is.
func (s *Screen) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = 0
}

// erase removes the board from the terminal.
func (s *Screen) erase() {
	if s.drawn > 0 {
		fmt.Fprintf(s.w, "\x1b[%dA\x1b[J", s.drawn)
	}
	s.drawn = 0
}

// draw writes the board below everything else.
func (s *Screen) draw() {
	if !s.live || len(s.board) == 0 {
		return
	}
	fmt.Fprintln(s.w)
	for _, name := range names(s.board) {
		fmt.Fprintln(s.w, line(name, s.board[name]))
	}
	s.drawn = 1 + len(s.board)
}

func names(b Board) []string { return slices.Sorted(maps.Keys(b)) }

// line returns a line about one node.
func line(name string, s Seat) string {
	if s.Pid == 0 {
		return fmt.Sprintf("%s  –", name)
	}
	leader := s.View.Leader
	switch leader {
	case "":
		leader = "nobody"
	case Addr(name):
		leader = "itself"
	}
	var flags []string
	for _, k := range slices.Sorted(maps.Keys(s.View.Flags)) {
		flags = append(flags, fmt.Sprintf("%s=%q", k, s.View.Flags[k]))
	}
	return fmt.Sprintf("%s  %-11s  leader: %-20s  %s", name, s.View.Link, leader, strings.Join(flags, " "))
}
