package main

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

// A Service consists of a file, and of the workers that use the configuration.
//
//	file ── file.Value ── forward ──▶ Meter (an event.Value) ── Get ──▶ Fleet of workers
type Service struct {
	File   *file.Value[*Config]
	Path   string
	Config *Meter

	page     bool // a page will be served
	fleet    *Fleet
	stopFile context.CancelFunc
	running  sync.WaitGroup // Serve and forward
	failed   error          // of Serve; read after running
	before   int            // The number of goroutines before the Service was started.
}

// StartService starts the workers and then follows the file at path. The Status
// of File reports its errors. Call Stop, even if ctx has ended.
func StartService(ctx context.Context, path string, decode func([]byte) (*Config, error), o options, opts ...file.Option) *Service {
	before := runtime.NumGoroutine()
	s := &Service{
		File:   file.New(path, decode, opts...),
		Path:   path,
		Config: NewMeter(o.workers),
		page:   o.page != "",
		before: before,
	}
	s.fleet = StartFleet(ctx, o.workers, s.watched)
	fileCtx, stop := context.WithCancel(ctx)
	s.stopFile = stop
	s.running.Go(func() { s.failed = s.File.Serve(fileCtx) })
	s.running.Go(func() { s.forward(fileCtx) })
	return s
}

// forward sets each version of the file into the Meter. A worker of another
// program would watch the file's value itself.
func (s *Service) forward(ctx context.Context) {
	w := s.File.Watch()
	defer w.Close()
	for {
		c, err := w.Get(ctx)
		if err != nil {
			return // ctx has ended: the value of a file does not end.
		}
		version, _ := event.Version(w)
		s.Config.Set(&Config{Settings: c.Settings, Version: int(version)})
	}
}

// An Ending describes the end of a Service.
type Ending struct {
	Closed     int // The number of workers that ended because the value was closed, not because of their context.
	Goroutines int // The number of goroutines that are left of the Service.
}

// Stop ends the Service from the source to the sinks. It first stops to follow
// the file, and then closes the value with the cause, which ends the workers. It
// returns when all have ended. Its error is the error of the file, unless Stop
// or the end of the context has stopped it.
func (s *Service) Stop(cause error) (Ending, error) {
	s.stopFile()
	s.running.Wait()
	err := s.failed
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
