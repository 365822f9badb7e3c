package park_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/park"
	"github.com/eventvalue/event/internal/testkit"
)

// waiting starts a Wait and returns, when it blocks, where its result will be.
func waiting(ctx context.Context, w *park.Waiter, b *park.Broadcast) <-chan error {
	c := make(chan error, 1)
	go func() { c <- w.Wait(ctx, b) }()
	synctest.Wait()
	return c
}

// used is a Waiter that has waited n times under ctx; from the second on it is
// registered with it.
func used(t *testing.T, ctx context.Context, n int) *park.Waiter {
	w := new(park.Waiter)
	for range n {
		var b park.Broadcast
		c := waiting(ctx, w, &b)
		b.Fire()
		require.NoError(t, <-c)
	}
	return w
}

// TestWaitEnds is every end of a wait, in each of the ways in which a context is heeded.
func TestWaitEnds(t *testing.T) {
	type env struct {
		w      *park.Waiter
		b      *park.Broadcast
		cancel func()
	}
	ends := []struct {
		name string
		end  func(env)
		want error
	}{
		{"Fire", func(e env) { e.b.Fire() }, nil},
		{"Cancel", func(e env) { e.cancel() }, context.Canceled},
		{"Close", func(e env) { e.w.Close() }, park.ErrClosed},
		{"CancelThenFire", func(e env) { e.cancel(); e.b.Fire() }, context.Canceled},
		{"CloseThenFire", func(e env) { e.w.Close(); e.b.Fire() }, park.ErrClosed},
	}
	for before, name := range []string{"Select", "Register", "Registered"} {
		for _, e := range ends {
			t.Run(name+"/"+e.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					w, b := used(t, ctx, before), new(park.Broadcast)
					c := waiting(ctx, w, b)
					e.end(env{w, b, cancel})
					assert.Equal(t, e.want, <-c)
				})
			})
		}
	}
}

// hooked is a context that calls a function once it has been asked whether it has ended.
type hooked struct {
	context.Context
	then func()
}

func (h *hooked) Err() error {
	defer h.then()
	return h.Context.Err()
}

// What comes first wins, also where both come while Wait looks.
func TestWaitLooksForWhatWinsLast(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var w park.Waiter
	var b park.Broadcast
	defer w.Close()
	h := &hooked{ctx, func() { cancel(); b.Fire() }}
	assert.Equal(t, context.Canceled, w.Wait(h, &b))
	assert.Equal(t, context.Canceled, b.Wait(ctx))
}

func TestClosedWaiterDoesNotWait(t *testing.T) {
	var w park.Waiter
	var b park.Broadcast
	w.Close()
	w.Close()
	assert.Equal(t, park.ErrClosed, w.Wait(t.Context(), &b))
	b.Fire()
	assert.Equal(t, park.ErrClosed, w.Wait(t.Context(), &b))
}

// afterFuncContext is a context that counts its registrations.
type afterFuncContext struct {
	context.Context
	mu                  sync.Mutex // guards what follows while Waiters run
	registered, stopped int
}

func (c *afterFuncContext) AfterFunc(func()) func() bool {
	c.count(&c.registered)
	return func() bool { c.count(&c.stopped); return true }
}

func (c *afterFuncContext) count(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

func newAfterFuncContext(t *testing.T) (*afterFuncContext, func()) {
	ctx, cancel := context.WithCancel(t.Context())
	// The wrapping keeps package context from finding its own type inside.
	return &afterFuncContext{Context: testkit.Foreign{Context: ctx}}, cancel
}

// A registration that has been taken back too late runs all the same.
func TestLateEndOfAnEarlierContextEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := used(t, t.Context(), 2)
		var b park.Broadcast
		c := waiting(t.Context(), w, &b)
		for range 3 {
			w.Interrupt()
			synctest.Wait()
			require.Empty(t, c)
		}
		b.Fire()
		assert.NoError(t, <-c)
	})
}

func TestContextIsReleased(t *testing.T) {
	for name, release := range map[string]func(*testing.T, *park.Waiter){
		"ByClose":          func(_ *testing.T, w *park.Waiter) { w.Close() },
		"ByAnotherContext": func(t *testing.T, w *park.Waiter) { waitOnce(t.Context(), w) },
		"ByNoContext":      func(_ *testing.T, w *park.Waiter) { waitOnce(context.Background(), w) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := newAfterFuncContext(t)
				defer cancel()
				w := used(t, ctx, 5)
				require.Equal(t, 1, ctx.registered)
				require.Zero(t, ctx.stopped)
				release(t, w)
				assert.Equal(t, 1, ctx.stopped)
			})
		})
	}
}

func waitOnce(ctx context.Context, w *park.Waiter) {
	var b park.Broadcast
	c := waiting(ctx, w, &b)
	b.Fire()
	<-c
}

func TestForeignContextCostsAGoroutineUntilClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		before := testkit.Goroutines()
		w := used(t, testkit.Foreign{Context: ctx}, 3)
		synctest.Wait() // The goroutines of used end after they have sent their results.
		assert.Equal(t, before+1, testkit.Goroutines())
		w.Close()
		synctest.Wait()
		assert.Equal(t, before, testkit.Goroutines())
	})
}

func TestDoneCountsAWaiterOnce(t *testing.T) {
	var b park.Broadcast
	var w, other park.Waiter
	c := w.Done(&b)
	for range 10 * park.Inline {
		assert.Equal(t, c, w.Done(&b))
	}
	assert.Equal(t, 1, b.DoneCalls())
	assert.Equal(t, c, other.Done(&b))
	assert.Equal(t, 2, b.DoneCalls())
	b.Fire()
	assert.True(t, testkit.IsClosed(c))
	assert.True(t, testkit.IsClosed(w.Done(&b)))
}

// explosive returns a context that panics during a Wait: at its Done, at its Err or, for
// an i of 1, when the waiter registers that met ctx before, and then its place can be claimed.
func explosive(ctx context.Context, i int) context.Context {
	foreign := testkit.Foreign{Context: ctx}
	switch i % 3 {
	case 0:
		return &testkit.Explosive{Foreign: foreign, AtDone: 1}
	case 1:
		return testkit.Aloof{Foreign: foreign}
	default:
		return &testkit.Explosive{Foreign: foreign, AtErr: 1}
	}
}

func TestPanicOfAContextBlocksNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b park.Broadcast
		var w park.Waiter
		waitOnce(t.Context(), &w)
		for range 5 {
			assert.Panics(t, func() { _ = w.Wait(explosive(t.Context(), 1), &b) })
		}
		assert.Panics(t, func() { _ = w.Wait(explosive(t.Context(), 2), &b) })
		c := waiting(t.Context(), &w, &b)
		b.Fire()
		assert.NoError(t, <-c)
		waitOnce(t.Context(), &w)
	})
}

func TestWaitInASteadyStateAllocatesNothing(t *testing.T) {
	const n = 1000
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var w park.Waiter
	bs := make([]park.Broadcast, n+8)
	next := make(chan *park.Broadcast)
	go func() {
		for b := range next {
			for !w.OnTop(b) {
				runtime.Gosched()
			}
			b.Fire()
		}
	}()
	defer close(next)
	i := 0
	wait := func() {
		next <- &bs[i]
		_ = w.Wait(ctx, &bs[i])
		i++
	}
	wait() // select
	wait() // registers
	assert.Zero(t, testing.AllocsPerRun(n, wait))
}

// TestWaitMeetsFire lets the end of a wait and its beginning meet in all ways, for long
// enough that each schedule comes up.
func TestWaitMeetsFire(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rounds := 20000
	if testing.Short() {
		rounds = 2000
	}
	var w park.Waiter
	for i := range rounds {
		var b park.Broadcast
		var wg sync.WaitGroup
		wg.Go(b.Fire)
		if i%3 == 0 {
			wg.Go(func() { <-b.Done() })
		}
		if i%4 == 0 {
			short, cancel := context.WithCancel(ctx)
			wg.Go(cancel)
			_ = w.Wait(short, &b)
		}
		assert.NoError(t, w.Wait(ctx, &b))
		wg.Wait()
	}
}
