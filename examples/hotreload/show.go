package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eventvalue/event"
)

// fileQuiet is how long a file must be left alone before it is read: long enough for an editor's
// save, too short for its user to wonder.
const fileQuiet = 50 * time.Millisecond

var errInterrupted = errors.New("interrupted")

// followFile follows the file at path until ctx ends, and shows what becomes of it.
func followFile(ctx context.Context, path string, workers int, screen *Screen) error {
	s := StartService(ctx, path, workers, fileQuiet)
	s.show(ctx, screen)
	end, err := s.Stop(errInterrupted)
	if err != nil {
		return err
	}
	screen.Printf("\n%d workers have ended, %d goroutines are left.\n", workers, end.Goroutines)
	return nil
}

// show prints what happens until ctx ends, or the following of the file does.
func (s *Service) show(ctx context.Context, screen *Screen) {
	status := s.File.Status().Watch()
	defer status.Close()
	last, err := status.Get(ctx)
	if err != nil || last.Version == 0 {
		return // The file is no good. Stop returns why.
	}
	screen.Printf("%d workers follow %s; Ctrl-C ends it\n\n", s.Config.workers, s.File.Path)
	screen.Heading()
	if last.Err != nil {
		screen.Problem(last) // Good at the start, but no longer.
	}
	defer screen.Live(s.progress)()

	// One goroutine follows two values of different types, by Changed. The channel may be
	// early, so Get must not wait.
	settled := s.Config.Settled().Watch()
	defer settled.Close()
	settledChanged := settled.Changed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-settledChanged:
			version, err := settled.Get(ctx, event.BacklogOnly[int]())
			settledChanged = settled.Changed()
			switch err {
			case nil:
				screen.Rows(s.Config.Take(version))
			case event.BacklogDone: // Nothing yet.
			default:
				settledChanged = nil // The value has ended, and its channel stays closed.
			}
		case <-status.Changed():
			st, err := status.Get(ctx, event.BacklogOnly[Status]())
			if err == event.BacklogDone {
				continue
			}
			if err != nil {
				return
			}
			if st.Err != nil || st.Version == last.Version { // Else a row will tell.
				screen.Problem(st)
			}
			last = st
		}
	}
}

// progress is the live line.
func (s *Service) progress() string {
	version, have := s.Config.Progress()
	return fmt.Sprintf("%d/%d workers have version %d", have, s.Config.workers, version)
}
