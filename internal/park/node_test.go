package park_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/park"
)

func TestNodeIsUsedAgainAfterFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := used(t, t.Context(), 1)
		p := w.Node()
		for range 3 {
			waitOnce(t.Context(), w)
			assert.Same(t, p, w.Node())
		}
	})
}

func TestNodeKeepsNoOther(t *testing.T) {
	for _, n := range sizes {
		synctest.Test(t, func(t *testing.T) {
			var b park.Broadcast
			ws := make([]park.Waiter, n)
			var wg sync.WaitGroup
			for i := range ws {
				wg.Go(func() { _ = ws[i].Wait(t.Context(), &b) })
			}
			synctest.Wait()
			b.Fire()
			wg.Wait()
			for i := range ws {
				require.False(t, ws[i].NodeLeads())
			}
		})
	}
}

func TestAbandonedNodeKeepsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b park.Broadcast
		var below, w park.Waiter
		c := waiting(t.Context(), &below, &b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.Error(t, w.Wait(ctx, &b))
		assert.False(t, w.NodeLeads())
		b.Fire()
		<-c
	})
}

func TestComesBackToTheSameBroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b park.Broadcast
		var w park.Waiter
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			assert.Error(t, w.Wait(ctx, &b))
			cancel()
		}
		c := waiting(t.Context(), &w, &b)
		b.Fire()
		assert.NoError(t, <-c)
	})
}

// A context that panics has no place left behind on the stack, however it is waited for.
func TestPanicsOfAContextLeaveNoNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b park.Broadcast
		var w park.Waiter
		waitOnce(t.Context(), &w)
		for i := range 1000 {
			ctx := explosive(t.Context(), i)
			assert.Panics(t, func() { _ = w.Wait(ctx, &b) })
		}
		assert.Zero(t, b.StackLen())
		c := waiting(t.Context(), &w, &b)
		assert.Equal(t, 1, b.StackLen())
		b.Fire()
		assert.NoError(t, <-c)
	})
}
