package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event"
)

var errCrash = errors.New("crash")

// A producer sets one number after the other, and crashes now and then. What it has set is not
// lost with it: the value holds it.
type producer struct {
	value *event.MemoryValue[int]
	crash func() bool
	ticks <-chan struct{} // each makes it set one
	most  int             // which it does not exceed
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
		p.value.Update(func(n int, _ bool) (int, bool) { return n + 1, n < p.most })
	}
}

// A consumer is written around a channel, which a Pipe feeds, and crashes now and then. It runs
// the Pipe by itself, so that both are restarted together: then it gets what is current first.
type consumer struct {
	value *event.MemoryValue[int]
	crash func() bool
	// saw is told each number, and whether it is the first of a run and what was newest when that began.
	saw func(n int, first bool, newest int)
}

// Serve makes a consumer a service of suture.
func (c *consumer) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	numbers := make(chan int)
	ended := make(chan error, 1)
	newest, _ := c.value.Load()
	go func() { ended <- event.Pipe(c.value, numbers)(ctx) }()
	defer func() { // No run leaves its Pipe behind, however it ends.
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
