package main

import (
	"context"
	"errors"
	"sync"

	"github.com/eventvalue/event"
)

// work is a worker: it follows the configuration until that, or ctx, ends, and returns why.
// It has a watcher of its own, which All opens and closes.
func work(ctx context.Context, config event.ValueWatch[*Config], id int) error {
	for cfg, err := range event.All(ctx, config) {
		if err != nil {
			return err
		}
		cfg.delivery.Arrived(id)
		// Here it would put cfg to use. However long that takes, nobody waits for it, and
		// when it is done it gets the newest, not what came in between.
	}
	return nil // Not reached: the last thing that All yields is an error.
}

// A Fleet is a number of workers.
type Fleet struct {
	running sync.WaitGroup
	ends    []error // Why each worker ended.
}

// StartFleet starts the workers, all under the same context, and returns when each of
// them runs.
func StartFleet(ctx context.Context, workers int, config event.ValueWatch[*Config]) *Fleet {
	f := &Fleet{ends: make([]error, workers)}
	var started sync.WaitGroup
	started.Add(workers)
	for id := range workers {
		f.running.Go(func() {
			started.Done()
			f.ends[id] = work(ctx, config, id)
		})
	}
	started.Wait()
	return f
}

// Wait waits until all workers have ended. It returns how many were told by the value that
// there is nothing more to come; the others' context has ended.
func (f *Fleet) Wait() (told int) {
	f.running.Wait()
	for _, err := range f.ends {
		if errors.Is(err, event.ErrClosed) {
			told++
		}
	}
	return told
}
