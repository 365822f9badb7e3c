package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eventvalue/event"
)

// A service is run until it fails. Then it is run again.
type service interface {
	Serve(ctx context.Context) error
}

// A report has the result of a run.
type report struct {
	set, got, starts int
	last             int
}

func (r report) String() string {
	return fmt.Sprintf("%d values set, %d got by a consumer that was started %d times; the last was %d", r.set, r.got, r.starts, r.last)
}

// A witness checks what the consumer sees.
type witness struct {
	mu     sync.Mutex
	report report
	err    error
	done   func()
	want   int
	seen   event.MemoryValue[int]
}

// saw is consumer.saw.
func (w *witness) saw(n int, first bool, newest int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report.got++
	switch {
	case first:
		w.report.starts++
		if n < newest {
			w.err = errors.Join(w.err, fmt.Errorf("a restarted consumer got %d first, when %d was there", n, newest))
		}
	case n <= w.report.last:
		w.err = errors.Join(w.err, fmt.Errorf("a consumer got %d after %d", n, w.report.last))
	}
	w.report.last = n
	w.seen.Set(n)
	if n == w.want {
		w.done()
	}
}

// run runs a producer that sets rounds values, and a consumer that gets them,
// under a supervisor. It returns when the consumer has the last value.
func run(ctx context.Context, supervise supervisor, rounds int, crash func() bool) (report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var value event.MemoryValue[int]
	w := &witness{want: rounds, done: cancel}
	ticks := make(chan struct{})
	go func() {
		defer close(ticks)
		// A tick at which the producer crashes sets nothing.
		for n, _ := value.Load(); n < rounds; n, _ = value.Load() {
			select {
			case ticks <- struct{}{}:
			case <-ctx.Done():
				return
			}
			if n == 0 || n%4 > 0 {
				continue
			}
			// Every fourth time, wait until the consumer has the newest value.
			// Otherwise it would hardly run.
			_, _ = event.Wait(ctx, &w.seen, func(n int) bool { newest, _ := value.Load(); return n >= newest })
		}
	}()
	supervise(ctx,
		&producer{value: &value, crash: crash, ticks: ticks, max: rounds},
		&consumer{value: &value, crash: crash, saw: w.saw})
	for range ticks { // The goroutine above ends, too.
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report.set, _ = value.Load()
	open, _ := value.Watchers().(event.Loader[int]).Load()
	if open > 0 {
		w.err = errors.Join(w.err, fmt.Errorf("%d watchers are left open", open))
	}
	if w.report.last != rounds {
		w.err = errors.Join(w.err, fmt.Errorf("the consumer got %d last, not %d", w.report.last, rounds))
	}
	return w.report, w.err
}
