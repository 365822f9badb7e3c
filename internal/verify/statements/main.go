package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.run, "run", "", "run only the tests that match this `regexp`")
	flag.DurationVar(&o.timeout, "timeout", 0, "time limit for one test without a statement; 0 for ten times as long as the slowest takes with all")
	flag.IntVar(&o.jobs, "jobs", 6, "number of statements at a time; most of the time is spent on tests that hang")
	flag.Parse()
	if flag.NArg() == 0 || o.jobs < 1 {
		fmt.Fprintln(os.Stderr, "usage: statements [-run regexp] [-timeout d] [-jobs n] file.go...")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	survivors, err := check(ctx, os.Stdout, flag.Args(), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if len(survivors) > 0 {
		os.Exit(1)
	}
}

type options struct {
	run     string
	timeout time.Duration
	jobs    int
}

// check removes each statement of files in turn, and returns those that no test
// misses.
func check(ctx context.Context, w io.Writer, files []string, o options) ([]statement, error) {
	p, err := build(ctx, files, o.run)
	if err != nil {
		return nil, err
	}
	defer p.close()
	caught, pause, out := p.test(ctx, 0, 10*time.Minute)
	if caught != "" {
		return nil, fmt.Errorf("the tests fail with all statements: %s\n%s", caught, out)
	}
	if o.timeout == 0 {
		o.timeout = max(10*time.Second, 10*pause)
	}
	fmt.Fprintf(w, "%d statements; the slowest test takes %.1f s; the limit is %v\n", len(p.statements), pause.Seconds(), o.timeout)
	survivors := p.removeEach(ctx, w, o)
	if ctx.Err() != nil {
		return survivors, ctx.Err()
	}
	slices.SortFunc(survivors, func(a, b statement) int {
		return cmp.Or(cmp.Compare(a.pos.Filename, b.pos.Filename), cmp.Compare(a.pos.Offset, b.pos.Offset))
	})
	fmt.Fprintf(w, "\n%d of %d statements are not caught:\n", len(survivors), len(p.statements))
	for _, s := range survivors {
		fmt.Fprintln(w, s)
	}
	return survivors, nil
}

// removeEach runs the tests without each statement, and returns the statements
// that no test misses.
func (p *program) removeEach(ctx context.Context, w io.Writer, o options) (survivors []statement) {
	var mu sync.Mutex
	var running sync.WaitGroup
	next, done := 0, 0
	for range o.jobs {
		running.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			for next < len(p.statements) && ctx.Err() == nil {
				next++
				n := next
				mu.Unlock()
				caught, _, _ := p.test(ctx, n, o.timeout)
				mu.Lock()
				s := p.statements[n-1]
				if caught == "" {
					caught = "NOT CAUGHT"
					survivors = append(survivors, s)
				}
				done++
				fmt.Fprintf(w, "%d/%d %v (%s)\n", done, len(p.statements), s, caught)
			}
		})
	}
	running.Wait()
	return survivors
}
