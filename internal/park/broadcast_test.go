package park_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/testkit"
)

// sizes are numbers of waiters or takers on both sides of what Fire does itself.
var sizes = []int{1, park.Inline, park.Inline + 1, 1000}

func TestFireWakesAll(t *testing.T) {
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b park.Broadcast
				errs := make(chan error, n)
				for range n {
					go func() { errs <- b.Wait(t.Context()) }()
				}
				synctest.Wait()
				require.Empty(t, errs, "nobody returns before Fire")
				b.Fire()
				for range n {
					require.NoError(t, <-errs)
				}
			})
		})
	}
}

func TestFireIsFinal(t *testing.T) {
	var b park.Broadcast
	assert.False(t, b.Fired())
	b.Fire()
	assert.True(t, b.Fired())
	assert.NoError(t, b.Wait(t.Context()))
	assert.True(t, testkit.IsClosed(b.Done()))
	b.Fire()
	assert.True(t, b.Fired())
}

func TestDoneIsOneChannel(t *testing.T) {
	var b park.Broadcast
	c := b.Done()
	assert.Equal(t, c, b.Done())
	assert.False(t, testkit.IsClosed(c))
	b.Fire()
	assert.True(t, testkit.IsClosed(c), "few takers: closed before Fire returns")
}

func TestDoneWithManyTakersCloses(t *testing.T) {
	for _, n := range sizes {
		synctest.Test(t, func(t *testing.T) {
			var b park.Broadcast
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() { <-b.Done() })
			}
			synctest.Wait()
			b.Fire()
			wg.Wait()
		})
	}
}

func TestDoneClosesBeforeFireReturnsBelowManyWaiters(t *testing.T) {
	// The channel is made first, so that its place is at the bottom of the stack,
	// and the stack is swept some times.
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var b park.Broadcast
		c := b.Done()
		for range 4 * park.MinSweep {
			go b.Wait(ctx)
		}
		synctest.Wait()
		b.Fire()
		assert.True(t, testkit.IsClosed(c))
	})
}

func TestWaitEndedContextWins(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b park.Broadcast
	assert.Equal(t, context.Canceled, b.Wait(ctx))
	b.Fire()
	assert.Equal(t, context.Canceled, b.Wait(ctx))
}

func TestWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var b park.Broadcast
		assert.Equal(t, context.DeadlineExceeded, b.Wait(ctx))
	})
}

func TestFireWithoutWaitersAllocatesNothing(t *testing.T) {
	bs := make([]park.Broadcast, 1000)
	i := 0
	assert.Zero(t, testing.AllocsPerRun(len(bs)-1, func() {
		bs[i].Fire()
		i++
	}))
}
