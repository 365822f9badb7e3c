package event_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// piped runs p in a bubble and returns where its result will be.
func piped(ctx context.Context, p event.Runnable) <-chan error {
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx) }()
	synctest.Wait()
	return done
}

func TestPipeOffersTheNewestThatIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var v event.MemoryValue[int]
		c := make(chan int)
		done := piped(ctx, event.Pipe(&v, c, event.Filter(func(n int) bool { return n%2 == 0 })))
		for _, step := range []struct{ set, offered int }{{1, 0}, {2, 2}, {3, 2}, {4, 4}, {5, 4}} {
			v.Set(step.set)
			synctest.Wait()
		}
		assert.Equal(t, 4, <-c)
		synctest.Wait()
		select {
		case n := <-c:
			assert.Fail(t, "offered again", n)
		default:
		}
		cancel()
		assert.Equal(t, context.Canceled, <-done)
	})
}

func TestPipeCancelEndsItInAnyState(t *testing.T) {
	for name, prepare := range map[string]func(*event.MemoryValue[int]){
		"Waiting":   func(*event.MemoryValue[int]) {},
		"Offering":  func(v *event.MemoryValue[int]) { v.Set(1) },
		"LastOffer": func(v *event.MemoryValue[int]) { v.Set(1); synctest.Wait(); _ = v.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var v event.MemoryValue[int]
				done := piped(ctx, event.Pipe(&v, make(chan int)))
				prepare(&v)
				synctest.Wait()
				require.Empty(t, done)
				cancel()
				assert.Equal(t, context.Canceled, <-done)
			})
		})
	}
}

func TestPipeLastOfferStands(t *testing.T) {
	cause := errors.New("cause")
	for _, c := range []struct {
		name  string
		close bool
		opts  []event.GetOption[int]
		want  error
	}{
		{"Closed", true, nil, cause},
		{"BacklogOnly", false, []event.GetOption[int]{event.BacklogOnly[int]()}, event.BacklogDone},
		{"BacklogOnlyClosed", true, []event.GetOption[int]{event.BacklogOnly[int]()}, cause},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var v event.MemoryValue[int]
				v.Set(1)
				out := make(chan int)
				done := piped(t.Context(), event.Pipe(&v, out, c.opts...))
				v.Set(2)
				synctest.Wait()
				if c.close {
					_ = v.CloseWithError(cause)
				}
				synctest.Wait()
				require.Empty(t, done)
				assert.Equal(t, 2, <-out)
				assert.ErrorIs(t, <-done, c.want)
			})
		})
	}
}

func TestPipeRestartedBeginsWithTheCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		v.Set(1)
		c := make(chan int)
		p := event.Pipe(&v, c)
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			done := piped(ctx, p)
			assert.Equal(t, 1, <-c)
			cancel()
			assert.Equal(t, context.Canceled, <-done)
		}
	})
}

func TestPipeCopiesItsOptions(t *testing.T) {
	var v event.MemoryValue[int]
	v.Set(1)
	_ = v.Close()
	opts := []event.GetOption[int]{event.Filter(func(int) bool { return true })}
	c := make(chan int, 1)
	p := event.Pipe(&v, c, opts...)
	opts[0] = event.Filter(func(int) bool { return false })
	assert.Equal(t, event.ErrClosed, p(t.Context()))
	assert.Len(t, c, 1)
}

// script is a ValueWatch from elsewhere: its watchers return what it says.
type script []func() (int, error)

type scripted struct {
	script script
	closed bool
}

func (s script) Watch() event.Watcher[int] { return &scripted{script: s} }

var always = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (w *scripted) Get(ctx context.Context, _ ...event.GetOption[int]) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	next := w.script[0]
	w.script = w.script[1:]
	return next()
}
func (w *scripted) Changed() <-chan struct{} { return always }
func (w *scripted) Close() error             { w.closed = true; return nil }

func gives(n int) func() (int, error)     { return func() (int, error) { return n, nil } }
func fails(err error) func() (int, error) { return func() (int, error) { return 0, err } }

func TestPipeEndsWhenGetFails(t *testing.T) {
	errStore := errors.New("store")
	assert.Equal(t, errStore, event.Pipe[int](script{fails(errStore)}, make(chan int))(t.Context()))
	// Also while there is an offer that nobody takes.
	assert.Equal(t, errStore,
		event.Pipe[int](script{gives(1), fails(event.BacklogDone), fails(errStore)}, make(chan int))(t.Context()))
}

func TestPipeOfAKeyedValueOffersEachEntry(t *testing.T) {
	for name, over := range map[string]func(*event.MemoryValue[int]) event.ValueWatch[int]{
		"Value": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return entries{v} },
		"Map": func(v *event.MemoryValue[int]) event.ValueWatch[int] {
			return event.Map[int](entries{v}, func(n int) int { return n })
		},
	} {
		t.Run(name, func(t *testing.T) { pipeOffersEachEntry(t, over) })
	}
}

func pipeOffersEachEntry(t *testing.T, over func(*event.MemoryValue[int]) event.ValueWatch[int]) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var v event.MemoryValue[int]
		c := make(chan int)
		done := piped(ctx, event.Pipe(over(&v), c))
		v.Set(1)
		synctest.Wait()
		v.Set(2)
		synctest.Wait()
		assert.Equal(t, 1, <-c, "a newer entry does not replace the one on offer")
		assert.Equal(t, 2, <-c)
		v.Set(3)
		synctest.Wait()
		_ = v.Close()
		synctest.Wait()
		require.Empty(t, done)
		assert.Equal(t, 3, <-c)
		assert.Equal(t, event.ErrClosed, <-done)
		cancel()
		done = piped(ctx, event.Pipe(over(&v), c))
		assert.Equal(t, context.Canceled, <-done)
	})
}

func TestPipeOfAKeyedValueEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var v event.MemoryValue[int]
		v.Set(1)
		done := piped(ctx, event.Pipe[int](entries{&v}, make(chan int)))
		require.Empty(t, done)
		cancel()
		assert.Equal(t, context.Canceled, <-done)
	})
}

func TestPipeCallsHealthyOnceItWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		watched, healthy := 0, 0
		spied := watchFunc(func() event.Watcher[int] { watched++; return v.Watch() })
		outer := event.WithHealthy(t.Context(), func() { t.Error("the inner counts") })
		ctx, cancel := context.WithCancel(event.WithHealthy(outer, func() {
			healthy++
			assert.Equal(t, watched, healthy, "it watches")
		}))
		p := event.Pipe[int](spied, make(chan int))
		for n := 1; n < 3; n++ {
			run, stop := context.WithCancel(ctx)
			done := piped(run, p)
			assert.Equal(t, n, healthy, "once a run, before there is data")
			stop()
			assert.Equal(t, context.Canceled, <-done)
		}
		cancel()
		done := piped(context.WithoutCancel(t.Context()), event.Pipe[int](spied, make(chan int)))
		assert.Equal(t, 2, healthy, "nobody has asked")
		_ = v.Close()
		assert.Equal(t, event.ErrClosed, <-done)
	})
}

// watchFunc is a ValueWatch.
type watchFunc func() event.Watcher[int]

func (f watchFunc) Watch() event.Watcher[int] { return f() }

// watchOf is a ValueWatch with one watcher.
type watchOf struct{ w event.Watcher[int] }

func (v watchOf) Watch() event.Watcher[int] { return v.w }

func TestPipeWhoseHealthyPanicsClosesItsWatcher(t *testing.T) {
	w := &scripted{}
	ctx := event.WithHealthy(t.Context(), func() { panic("boom") })
	assert.PanicsWithValue(t, "boom", func() { _ = event.Pipe[int](watchOf{w}, make(chan int))(ctx) })
	assert.True(t, w.closed)
}

// A consumer that is written around a channel is fed by a Pipe.
func ExamplePipe() {
	var v event.MemoryValue[int]
	v.Set(1)
	v.Set(2)
	v.Close()

	c := make(chan int)
	done := make(chan error)
	feed := event.Pipe(&v, c) // Run it under a supervisor, again after a failure.
	go func() { done <- feed.Serve(context.Background()) }()
	fmt.Println(<-c)
	fmt.Println(<-done)
	// Output:
	// 2
	// event: value closed
}

func ExampleWithHealthy() {
	var v event.MemoryValue[int]
	v.Close()
	ctx := event.WithHealthy(context.Background(), func() { fmt.Println("up") })
	fmt.Println(event.Pipe(&v, make(chan int)).Serve(ctx))
	// Output:
	// up
	// event: value closed
}
