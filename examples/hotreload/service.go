package main

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/eventvalue/event"
)

// A Service is the whole: a file, who follows it, and the workers that want to know.
//
//	file ── Follower ── Set ──▶ Meter (an event.Value) ── Get ──▶ Fleet of workers
type Service struct {
	File   *Follower
	Config *Meter

	fleet    *Fleet
	stopFile context.CancelFunc
	fileDone chan error
	before   int // How many goroutines there were before the first of these.
}

// StartService starts the workers and then the Follower. Whether the file can be loaded shows in
// File's Status, as everything that happens to it later. Stop the Service, even if ctx has ended.
func StartService(ctx context.Context, path string, workers int, quiet time.Duration) *Service {
	before := runtime.NumGoroutine()
	config := NewMeter(workers)
	s := &Service{
		File:     &Follower{Path: path, Value: config, Quiet: quiet},
		Config:   config,
		fleet:    StartFleet(ctx, workers, config),
		fileDone: make(chan error, 1),
		before:   before,
	}
	fileCtx, stop := context.WithCancel(ctx)
	s.stopFile = stop
	go func() { s.fileDone <- event.Runnable(s.File.Run).Serve(fileCtx) }()
	return s
}

// An Ending is how a Service ended.
type Ending struct {
	Told       int // How many workers ended because the value has; the others' context had ended.
	Goroutines int // How many goroutines are left that were not there before.
}

// Stop ends the Service from the source to the sinks: first no more is published, then the
// workers are told, by the value itself, that this was all, and why. It returns when all
// have ended; the error is the Follower's, unless that was stopped.
func (s *Service) Stop(cause error) (Ending, error) {
	s.stopFile()
	err := <-s.fileDone
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	s.Config.Close(cause)
	told := s.fleet.Wait()
	return Ending{Told: told, Goroutines: goroutinesAbove(s.before)}, err
}

// goroutinesAbove returns how many more goroutines there are than before. One that has said
// that it is done has still a few instructions to run, and gets a moment for that: nobody
// can be asked to tell when it is really gone.
func goroutinesAbove(before int) int {
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return 0
		}
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine() - before
}
