package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eventvalue/event"
)

// fileQuiet is the time without events after which a file is read. It is long
// enough for a save of an editor, and short enough for its user.
const fileQuiet = 50 * time.Millisecond

var errInterrupted = errors.New("interrupted")

// followFile follows the file at path until ctx ends, and shows its changes.
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

// show prints changes and errors until ctx ends or the Follower returns.
func (s *Service) show(ctx context.Context, screen *Screen) {
	status := s.File.Status().Watch()
	defer status.Close()
	last, err := status.Get(ctx)
	if err != nil || last.Version == 0 {
		return // The file is not valid. Stop returns the error.
	}
	screen.Printf("%d workers follow %s; Ctrl-C ends it\n\n", s.Config.workers, s.File.Path)
	screen.Heading()
	if last.Err != nil {
		screen.Problem(last) // The file was valid at the start, but is not any more.
	}
	defer screen.Live(s.progress)()

	// Changed allows one goroutine to follow two values of different types. The
	// channel may be closed too early, so Get must not wait.
	delivered := s.Config.Delivered().Watch()
	defer delivered.Close()
	deliveredChanged := delivered.Changed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-deliveredChanged:
			version, err := delivered.Get(ctx, event.BacklogOnly[int]())
			deliveredChanged = delivered.Changed()
			switch err {
			case nil:
				screen.Rows(s.Config.Take(version))
			case event.BacklogDone: // Nothing yet.
			default:
				deliveredChanged = nil // The value has ended, and its channel stays closed.
			}
		case <-status.Changed():
			st, err := status.Get(ctx, event.BacklogOnly[Status]())
			if err == event.BacklogDone {
				continue
			}
			if err != nil {
				return
			}
			if st.Err != nil || st.Version == last.Version { // Otherwise a row will show it.
				screen.Problem(st)
			}
			last = st
		}
	}
}

// progress returns the live line.
func (s *Service) progress() string {
	version, have := s.Config.Progress()
	return fmt.Sprintf("%d/%d workers have version %d", have, s.Config.workers, version)
}
