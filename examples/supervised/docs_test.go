package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

// This file has the snippets of the documents that need more than the library.

// serveAll runs services until ctx ends or one of them fails. It logs each failure. It
// returns the first one, or nil if nothing has failed.
func serveAll(ctx context.Context, services map[string]func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for name, serve := range services {
		group.Go(func() error {
			err := serve(ctx)
			if err == nil || err == ctx.Err() { // Not errors.Is: a failure is joined with ctx.Err().
				return nil // The group keeps its first error, and an end is not one.
			}
			log.Printf("%s: %v", name, err)
			return fmt.Errorf("%s: %w", name, err)
		})
	}
	return group.Wait()
}

func Example_exitCode() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := serveAll(ctx, map[string]func(context.Context) error{
		"config": func(ctx context.Context) error { // As config.Serve.
			stop() // As a SIGTERM.
			return ctx.Err()
		},
		"api": func(ctx context.Context) error { // As serveHTTP.
			<-ctx.Done()
			return errors.Join(ctx.Err(), errors.New("a request was cut"))
		},
	})
	if err != nil {
		fmt.Println("exit with 1:", err)
	}
	// Output:
	// exit with 1: api: context canceled
	// a request was cut
}

// An error that only joins the end of ctx is a failure, and the services that end with
// ctx.Err() before do not hide it. The failure of one service ends the others.
func TestServeAll(t *testing.T) {
	errCut := errors.New("cut")
	ends := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	joins := func(ctx context.Context) error { <-ctx.Done(); return errors.Join(ctx.Err(), errCut) }
	fails := func(context.Context) error { return errCut }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, serveAll(ctx, map[string]func(context.Context) error{"ends": ends, "joins": joins}), errCut)
	assert.ErrorIs(t, serveAll(t.Context(), map[string]func(context.Context) error{"ends": ends, "fails": fails}), errCut)
	assert.NoError(t, serveAll(ctx, map[string]func(context.Context) error{"ends": ends, "also": ends}))
}

func TestSnippetFile(t *testing.T) {
	type config struct{ Workers int }
	path := filepath.Join(t.TempDir(), "config.json")
	save := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	save(`{"Workers": 1}`)
	conf := file.New(path, file.JSON[config], file.Quiet(time.Millisecond))
	go conf.Serve(t.Context())
	await := func(workers int) {
		_, err := event.Wait(t.Context(), conf, func(c config) bool { return c.Workers == workers })
		require.NoError(t, err)
	}
	await(1) // Before the next save: a first load that fails ends Serve.

	save(`{"Workers": 2}`)
	await(2)

	save(`{"Workers": `)
	_, err := event.Wait(t.Context(), conf.Status(), func(s file.Status) bool { return s.Err != nil })
	require.NoError(t, err)
	c, _ := conf.Load()
	require.Equal(t, 2, c.Workers) // The last good version stays.
}
