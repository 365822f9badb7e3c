package notify_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/notify"
)

// waiting starts a Wait and returns, when it blocks, where its result will be.
func waiting(ctx context.Context, w *notify.Waiter, b *notify.Broadcast) <-chan error {
	c := make(chan error, 1)
	go func() { c <- w.Wait(ctx, b) }()
	synctest.Wait()
	return c
}

// used is a Waiter that has waited n times under ctx; from the second on it is
// registered with it.
func used(t *testing.T, ctx context.Context, n int) *notify.Waiter {
	w := new(notify.Waiter)
	for range n {
		var b notify.Broadcast
		c := waiting(ctx, w, &b)
		b.Fire()
		require.NoError(t, <-c)
	}
	return w
}

// TestWaitEnds is every end of a wait, in each of the ways in which a context is heeded.
func TestWaitEnds(t *testing.T) {
	type env struct {
		w      *notify.Waiter
		b      *notify.Broadcast
		cancel func()
	}
	ends := []struct {
		name string
		end  func(env)
		want error
	}{
		{"Fire", func(e env) { e.b.Fire() }, nil},
		{"Cancel", func(e env) { e.cancel() }, context.Canceled},
		{"Close", func(e env) { e.w.Close() }, notify.ErrWaiterClosed},
		{"CancelThenFire", func(e env) { e.cancel(); e.b.Fire() }, context.Canceled},
		{"CloseThenFire", func(e env) { e.w.Close(); e.b.Fire() }, notify.ErrWaiterClosed},
	}
	for before, name := range []string{"Select", "Register", "Registered"} {
		for _, e := range ends {
			t.Run(name+"/"+e.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					w, b := used(t, ctx, before), new(notify.Broadcast)
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
	var w notify.Waiter
	var b notify.Broadcast
	defer w.Close()
	h := &hooked{ctx, func() { cancel(); b.Fire() }}
	assert.Equal(t, context.Canceled, w.Wait(h, &b))
	assert.Equal(t, context.Canceled, b.Wait(ctx))
}

func TestClosedWaiterDoesNotWait(t *testing.T) {
	var w notify.Waiter
	var b notify.Broadcast
	w.Close()
	w.Close()
	assert.Equal(t, notify.ErrWaiterClosed, w.Wait(t.Context(), &b))
	b.Fire()
	assert.Equal(t, notify.ErrWaiterClosed, w.Wait(t.Context(), &b))
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
		var b notify.Broadcast
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
	for name, release := range map[string]func(*testing.T, *notify.Waiter){
		"ByClose":          func(_ *testing.T, w *notify.Waiter) { w.Close() },
		"ByAnotherContext": func(t *testing.T, w *notify.Waiter) { waitOnce(t.Context(), w) },
		"ByNoContext":      func(_ *testing.T, w *notify.Waiter) { waitOnce(context.Background(), w) },
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

func waitOnce(ctx context.Context, w *notify.Waiter) {
	var b notify.Broadcast
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
		assert.Equal(t, before+1, testkit.Goroutines())
		w.Close()
		synctest.Wait()
		assert.Equal(t, before, testkit.Goroutines())
	})
}

func TestPlaceIsUsedAgainAfterFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := used(t, t.Context(), 1)
		p := w.Place()
		for range 3 {
			waitOnce(t.Context(), w)
			assert.Same(t, p, w.Place())
		}
	})
}

func TestPlaceKeepsNoOther(t *testing.T) {
	for _, n := range sizes {
		synctest.Test(t, func(t *testing.T) {
			var b notify.Broadcast
			ws := make([]notify.Waiter, n)
			var wg sync.WaitGroup
			for i := range ws {
				wg.Go(func() { _ = ws[i].Wait(t.Context(), &b) })
			}
			synctest.Wait()
			b.Fire()
			wg.Wait()
			for i := range ws {
				require.False(t, ws[i].PlaceLeads())
			}
		})
	}
}

func TestGivenUpPlaceKeepsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b notify.Broadcast
		var below, w notify.Waiter
		c := waiting(t.Context(), &below, &b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.Error(t, w.Wait(ctx, &b))
		assert.False(t, w.PlaceLeads())
		b.Fire()
		<-c
	})
}

func TestComesBackToTheSameBroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b notify.Broadcast
		var w notify.Waiter
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

func TestDoneCountsAWaiterOnce(t *testing.T) {
	var b notify.Broadcast
	var w, other notify.Waiter
	c := w.Done(&b)
	for range 10 * notify.Inline {
		assert.Equal(t, c, w.Done(&b))
	}
	assert.Equal(t, 1, b.Takers())
	assert.Equal(t, c, other.Done(&b))
	assert.Equal(t, 2, b.Takers())
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

func TestPanicOfAContextBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b notify.Broadcast
		var w notify.Waiter
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

// A context that panics has no place left behind on the stack, however it is waited for.
func TestPanicsOfAContextLeaveNoPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b notify.Broadcast
		var w notify.Waiter
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

func TestWaitInASteadyStateAllocatesNothing(t *testing.T) {
	const n = 1000
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var w notify.Waiter
	bs := make([]notify.Broadcast, n+8)
	next := make(chan *notify.Broadcast)
	go func() {
		for b := range next {
			for !w.On(b) {
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
	var w notify.Waiter
	for i := range rounds {
		var b notify.Broadcast
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
