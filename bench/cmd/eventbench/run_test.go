package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRunReadsResults: a log line is no result, and one result is wanted.
func TestRunReadsResults(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "b.sh")
	require.NoError(t, os.WriteFile(binary, []byte("#!/bin/sh\ncat out\n"), 0o700))
	c := cell{binary: binary, dir: dir, name: "BenchmarkX"}
	run := func(out string) (string, error) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "out"), []byte(out), 0o600))
		lines, err := c.run(t.Context())
		return string(lines), err
	}
	lines, err := run("goos: linux\nBenchmarkX\n    x.go:1: log\nBenchmarkX-2  1 2 ns/op\nPASS\n")
	require.NoError(t, err)
	assert.Equal(t, "goos: linux\nBenchmarkX-2  1 2 ns/op\n", lines)
	_, err = run("PASS\n")
	assert.ErrorContains(t, err, "gives 0 results")
	two := "BenchmarkX/a-2  1 2 ns/op\nBenchmarkX/b-2  1 2 ns/op\n"
	_, err = run(two)
	assert.ErrorContains(t, err, "gives 2 results")
	c.all = true
	lines, err = run(two)
	require.NoError(t, err)
	assert.Equal(t, two, lines)
}

// TestStoppedRunEnds: so does what it waits for, even if a grandchild still has its output.
func TestStoppedRunEnds(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "b.sh")
	require.NoError(t, os.WriteFile(binary, []byte("#!/bin/sh\ntouch begun\nwhile [ -e begun ]; do sleep 0.05; done &\nwait\n"), 0o700))
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	go func() {
		defer cancel(stop)
		for {
			if _, err := os.Stat(filepath.Join(dir, "begun")); err == nil || t.Context().Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, err := cell{binary: binary, dir: dir, name: "BenchmarkX"}.run(ctx)
	assert.ErrorIs(t, err, stop)
}
