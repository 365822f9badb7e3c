package main

import (
	"context"
	"errors"
	"time"

	oklog "github.com/oklog/run"
	"github.com/thejerf/suture/v4"
	"golang.org/x/sync/errgroup"
)

// A supervisor runs services until ctx ends. It restarts services that crash.
type supervisor func(ctx context.Context, services ...service)

var supervisors = map[string]supervisor{
	"suture":    bySuture,
	"errgroup":  byErrgroup,
	"oklog/run": byRun,
}

// bySuture restarts each service by itself.
func bySuture(ctx context.Context, services ...service) {
	s := suture.New("supervised", suture.Spec{
		EventHook:        func(suture.Event) {},
		FailureThreshold: 1e9, // The example crashes thousands of times.
		Timeout:          time.Minute,
	})
	for _, service := range services {
		s.Add(service)
	}
	_ = s.Serve(ctx)
}

// byErrgroup restarts all services when one has crashed: the group ends with
// the first error.
func byErrgroup(ctx context.Context, services ...service) {
	for ctx.Err() == nil {
		g, ctx := errgroup.WithContext(ctx)
		for _, service := range services {
			g.Go(func() error { return service.Serve(ctx) })
		}
		_ = g.Wait()
	}
}

// byRun restarts all services when one has crashed: the group interrupts the
// others and waits for them.
func byRun(ctx context.Context, services ...service) {
	for ctx.Err() == nil {
		var g oklog.Group
		for _, service := range services {
			ctx, cancel := context.WithCancel(ctx)
			g.Add(func() error { return service.Serve(ctx) }, func(error) { cancel() })
		}
		if err := g.Run(); !errors.Is(err, errCrash) {
			return
		}
	}
}
