package main

import (
	"context"
	"errors"
	"sync"

	"github.com/eventvalue/event"
)

// work is a worker. It follows the configuration until the value is closed or
// ctx ends, and returns the error. It has its own watcher, which All opens and
// closes.
func work(ctx context.Context, config event.ValueWatch[*Config], id int) error {
	for cfg, err := range event.All(ctx, config) {
		if err != nil {
			return err
		}
		cfg.delivery.Arrived(id)
		// A real worker would use cfg here. No other goroutine waits for that,
		// even if it takes long. The next Config is the newest one then.
	}
	return nil // Not reached, because All yields an error last.
}

// A Fleet is a number of workers.
type Fleet struct {
	running sync.WaitGroup
	errs    []error // The error of each worker.
}

// StartFleet starts the workers, all under the same context, and returns when
// each of them runs. config returns the value that a worker watches.
func StartFleet(ctx context.Context, workers int, config func(id int) event.ValueWatch[*Config]) *Fleet {
	f := &Fleet{errs: make([]error, workers)}
	var started sync.WaitGroup
	started.Add(workers)
	for id := range workers {
		f.running.Go(func() {
			started.Done()
			f.errs[id] = work(ctx, config(id), id)
		})
	}
	started.Wait()
	return f
}

// Wait waits until all workers have ended. It returns the number of workers
// that ended because the value was closed. The context of the others has ended.
func (f *Fleet) Wait() (closed int) {
	f.running.Wait()
	for _, err := range f.errs {
		if errors.Is(err, event.ErrClosed) {
			closed++
		}
	}
	return closed
}
