package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

var errInterrupted = errors.New("interrupted")

// followFile follows the file at path until ctx ends, and shows its changes. It
// waits if the file is not there.
func followFile(ctx context.Context, path string, o options, screen *Screen) error {
	decode, err := decoderOf(path)
	if err != nil {
		return err
	}
	s := StartService(ctx, path, decode, o, file.Wait())
	pageErr := s.withPage(o, screen, func() error { s.show(ctx, screen); return nil })
	end, err := s.Stop(errInterrupted)
	if err := cmp.Or(pageErr, err); err != nil {
		return err
	}
	screen.Printf("\n%d workers have ended, %d goroutines are left.\n", o.workers, end.Goroutines)
	return nil
}

// show prints changes and errors until ctx ends.
func (s *Service) show(ctx context.Context, screen *Screen) {
	screen.Printf("%d workers follow %s; Ctrl-C ends it\n\n", s.Config.workers, s.Path)
	screen.Heading()
	status := s.File.Status().Watch()
	defer status.Close()
	var last file.Status
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
			st, ok, err := event.TryGet(ctx, status)
			if err != nil {
				return
			}
			if ok {
				screen.Status(last, st)
				last = st
			}
		}
	}
}

// progress returns the live line.
func (s *Service) progress() string {
	version, have := s.Config.Progress()
	return fmt.Sprintf("%d/%d workers have version %d", have, s.Config.workers, version)
}
