package main

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

func TestCrashesAtRandom(t *testing.T) {
	rounds := 5000
	if testing.Short() {
		rounds = 500
	}
	for name, supervise := range supervisors {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			seed := rand.Uint64()
			t.Log("seed", seed)
			var crashes counter
			r, err := run(t.Context(), supervise, rounds, crashes.of(seed))
			require.NoError(t, err)
			t.Log(r)
			assert.Equal(t, rounds, r.set)
			assert.Greater(t, r.starts, 1, "it was restarted")
			gone := false
			for range 1000 { // Goroutines take their time to end.
				if gone = runtime.NumGoroutine() <= before; gone {
					break
				}
				runtime.GC()
			}
			assert.True(t, gone, "%d goroutines, %d before", runtime.NumGoroutine(), before)
		})
	}
}

// A counter decides who crashes.
type counter struct{ lock chan *rand.Rand }

func (c *counter) of(seed uint64) func() bool {
	c.lock = make(chan *rand.Rand, 1)
	c.lock <- rand.New(rand.NewPCG(seed, 0))
	return func() bool {
		r := <-c.lock
		defer func() { c.lock <- r }()
		return r.IntN(4) == 0
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	for name, supervise := range supervisors {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		_, err := run(ctx, supervise, 1<<40, func() bool { return false })
		cancel()
		assert.ErrorContains(t, err, "the consumer got", name)
	}
}

func TestWitness(t *testing.T) {
	w := &witness{want: 9, done: func() {}}
	w.saw(5, true, 5)
	w.saw(6, false, 5)
	require.NoError(t, w.err)
	w.saw(5, true, 6)
	assert.ErrorContains(t, w.err, "got 5 first")
	w.saw(5, false, 6)
	assert.ErrorContains(t, w.err, "got 5 after 5")
}

// A Pipe tells a supervisor that it is up.
func TestHealthy(t *testing.T) {
	var value event.MemoryValue[int]
	up := make(chan struct{})
	ctx, cancel := context.WithCancel(event.WithHealthy(t.Context(), func() { close(up) }))
	ended := make(chan error, 1)
	go func() { ended <- event.Pipe(&value, make(chan int)).Serve(ctx) }()
	<-up
	cancel()
	assert.Equal(t, context.Canceled, <-ended)
}
