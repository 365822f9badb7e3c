package main

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/eventvalue/event"
)

// A Service consists of a file, its Follower, and the workers that use the
// configuration.
//
//	file ── Follower ── Set ──▶ Meter (an event.Value) ── Get ──▶ Fleet of workers
type Service struct {
	File   *Follower
	Config *Meter

	fleet    *Fleet
	stopFile context.CancelFunc
	fileDone chan error
	before   int // The number of goroutines before the Service was started.
}

// StartService starts the workers and then the Follower. The Status of File
// reports errors in the file, including the first load. Call Stop, even if ctx
// has ended.
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

// An Ending describes the end of a Service.
type Ending struct {
	Closed     int // The number of workers that ended because the value was closed, not because of their context.
	Goroutines int // The number of goroutines that are left of the Service.
}

// Stop ends the Service from the source to the sinks. It first stops the
// Follower, and then closes the value with the cause, which ends the workers.
// It returns when all have ended. Its error is the error of the Follower,
// unless Stop has stopped the Follower.
func (s *Service) Stop(cause error) (Ending, error) {
	s.stopFile()
	err := <-s.fileDone
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	s.Config.Close(cause)
	closed := s.fleet.Wait()
	return Ending{Closed: closed, Goroutines: goroutinesAbove(s.before)}, err
}

// goroutinesAbove returns the number of goroutines minus before. It waits for a
// moment, because a goroutine that has signaled its end still runs a few
// instructions, and its real end cannot be observed.
func goroutinesAbove(before int) int {
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return 0
		}
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine() - before
}
