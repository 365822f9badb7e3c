package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event"
)

var errCrash = errors.New("crash")

// A producer sets one number after the other, and sometimes crashes. The value
// keeps the number that was set last.
type producer struct {
	value *event.MemoryValue[int]
	crash func() bool
	ticks <-chan struct{} // the producer sets one number for each tick
	max   int             // the largest number
}

// Serve makes a producer a service of suture.
func (p *producer) Serve(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, open := <-p.ticks:
			if !open {
				<-ctx.Done()
				return ctx.Err()
			}
		}
		if p.crash() {
			return fmt.Errorf("producer: %w", errCrash)
		}
		p.value.Update(func(n int, _ bool) (int, bool) { return n + 1, n < p.max })
	}
}

// A consumer receives from a channel, to which a Pipe sends, and sometimes
// crashes. It runs the Pipe itself, so that both are restarted together. After
// a restart, the first number is the current one.
type consumer struct {
	value *event.MemoryValue[int]
	crash func() bool
	// saw is called with each number. first reports whether it is the first
	// number of a run. newest was the newest number when the run began.
	saw func(n int, first bool, newest int)
}

// Serve makes a consumer a service of suture.
func (c *consumer) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	numbers := make(chan int)
	ended := make(chan error, 1)
	newest, _ := c.value.Load()
	go func() { ended <- event.Pipe(c.value, numbers)(ctx) }()
	defer func() { // The Pipe ends with the run.
		cancel()
		if ended != nil {
			<-ended
		}
	}()
	for first := true; ; first = false {
		select {
		case n := <-numbers:
			c.saw(n, first, newest)
			if c.crash() {
				return fmt.Errorf("consumer: %w", errCrash)
			}
		case err := <-ended:
			ended = nil
			return err
		}
	}
}
