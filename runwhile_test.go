package event_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// served is a RunWhile in progress. Each run sends its value to began. It returns
// the error that it receives from reply or, once its context has ended, the result
// of after.
type served struct {
	began chan int
	ended chan error // why the context of a run has ended, if that ended it
	reply chan error // ends a run with this error
	done  chan error // what RunWhile returned
}

var tens = func(old, next int) bool { return old/10 == next/10 }

func serve(ctx context.Context, v event.ValueWatch[int], after func(context.Context) error) *served {
	s := &served{
		began: make(chan int, 100), ended: make(chan error, 100),
		reply: make(chan error), done: make(chan error, 1),
	}
	go func() {
		s.done <- event.RunWhile(ctx, v, tens, func(ctx context.Context, n int) error {
			s.began <- n
			select {
			case err := <-s.reply:
				return err
			case <-ctx.Done():
				s.ended <- context.Cause(ctx)
				return after(ctx)
			}
		})
	}()
	synctest.Wait()
	return s
}

func TestRunWhileRunsAnewWhatIsNotKept(t *testing.T) {
	for name, after := range map[string]func(context.Context) error{
		"Nil":     func(context.Context) error { return nil },
		"Err":     func(ctx context.Context) error { return ctx.Err() },
		"Cause":   context.Cause,
		"Wrapped": func(ctx context.Context) error { return fmt.Errorf("stopped: %w", context.Cause(ctx)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				var v event.MemoryValue[int]
				s := serve(ctx, &v, after)
				require.Empty(t, s.began, "no data, no run")
				v.Set(11)
				assert.Equal(t, 11, <-s.began)
				v.Set(12)
				synctest.Wait()
				assert.Empty(t, s.ended, "a run is kept")
				v.Set(21)
				assert.Equal(t, event.ErrChanged, <-s.ended)
				assert.Equal(t, 21, <-s.began)
				cancel()
				assert.Equal(t, context.Canceled, <-s.done)
				assert.Equal(t, context.Canceled, <-s.ended)
			})
		})
	}
}

func TestRunWhileTakesTheNewestOnceTheRunHasReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var v event.MemoryValue[int]
		v.Set(1)
		leave := make(chan struct{})
		s := serve(ctx, &v, func(context.Context) error { <-leave; return nil })
		v.Set(11)
		synctest.Wait()
		v.Set(21)
		v.Set(2) // Would have been kept, but it is the newest.
		synctest.Wait()
		assert.Len(t, s.began, 1, "it waits for run to return")
		close(leave)
		assert.Equal(t, 1, <-s.began)
		assert.Equal(t, 2, <-s.began)
		cancel()
		assert.Equal(t, context.Canceled, <-s.done)
	})
}

func TestRunWhileOfARunThatReturns(t *testing.T) {
	errBoom := errors.New("boom")
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		v.Set(1)
		s := serve(t.Context(), &v, func(ctx context.Context) error { return ctx.Err() })
		assert.Equal(t, 1, <-s.began)
		s.reply <- nil
		v.Set(2)
		synctest.Wait()
		assert.Empty(t, s.began, "2 is kept, though nothing runs")
		v.Set(11)
		assert.Equal(t, 11, <-s.began)
		s.reply <- errBoom
		assert.Equal(t, errBoom, <-s.done)
		assert.Empty(t, s.ended)
	})
	for _, err := range []error{context.Canceled, event.ErrChanged, event.BacklogDone} {
		synctest.Test(t, func(t *testing.T) {
			var v event.MemoryValue[int]
			v.Set(1)
			s := serve(t.Context(), &v, nil)
			s.reply <- err
			assert.Equal(t, err, <-s.done, "nobody has cancelled")
		})
	}
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		v.Set(1)
		s := serve(t.Context(), &v, func(context.Context) error { return errBoom })
		v.Set(11)
		assert.Equal(t, errBoom, <-s.done, "not due to the cancel")
	})
}

func TestRunWhileEndsWithTheValue(t *testing.T) {
	cause := errors.New("cause")
	for _, running := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var v event.MemoryValue[int]
			v.Set(1)
			left := false
			s := serve(t.Context(), &v, func(context.Context) error { left = true; return errors.New("lost") })
			if !running {
				s.reply <- nil
			}
			_ = v.CloseWithError(cause)
			assert.ErrorIs(t, <-s.done, cause)
			assert.Equal(t, running, left, "it waits for the run")
			if running {
				assert.ErrorIs(t, <-s.ended, event.ErrClosed)
			}
			assert.ErrorIs(t, event.RunWhile(t.Context(), &v, tens, func(ctx context.Context, n int) error {
				assert.Equal(t, 1, n, "the final value")
				<-ctx.Done()
				return nil
			}), cause)
		})
	}
	var v event.MemoryValue[int]
	_ = v.Close()
	assert.Equal(t, event.ErrClosed, event.RunWhile(t.Context(), &v, tens, func(context.Context, int) error {
		t.Error("there is nothing to run with")
		return nil
	}))
}

func TestRunWhileEndsWithItsContext(t *testing.T) {
	errGone := errors.New("gone")
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		ctx, cancel := context.WithCancelCause(t.Context())
		s := serve(ctx, &v, func(context.Context) error { return errors.New("lost") })
		v.Set(1)
		synctest.Wait()
		cancel(errGone)
		assert.Equal(t, context.Canceled, <-s.done)
		assert.Equal(t, errGone, <-s.ended)
		assert.Equal(t, context.Canceled, event.RunWhile(ctx, &v, tens, done))
	})
	synctest.Test(t, func(t *testing.T) { // While nothing runs.
		var v event.MemoryValue[int]
		v.Set(1)
		ctx, cancel := context.WithCancel(t.Context())
		s := serve(ctx, &v, nil)
		s.reply <- nil
		synctest.Wait()
		cancel()
		assert.Equal(t, context.Canceled, <-s.done)
	})
}

func done(context.Context, int) error { return nil }

func TestRunWhilePanics(t *testing.T) {
	for name, run := range map[string]func(context.Context, *event.MemoryValue[int]) error{
		"Run": func(ctx context.Context, v *event.MemoryValue[int]) error {
			return event.RunWhile(ctx, v, tens, func(context.Context, int) error { panic("boom") })
		},
		"Keep": func(ctx context.Context, v *event.MemoryValue[int]) error {
			return event.RunWhile(ctx, v, func(int, int) bool { panic("boom") }, func(ctx context.Context, _ int) error {
				v.Set(2)
				<-ctx.Done()
				return nil
			})
		},
		"KeepOfARunThatFails": func(ctx context.Context, v *event.MemoryValue[int]) error {
			return event.RunWhile(ctx, v, func(int, int) bool { panic("boom") }, func(ctx context.Context, _ int) error {
				v.Set(2)
				<-ctx.Done()
				return errors.New("fails")
			})
		},
	} {
		synctest.Test(t, func(t *testing.T) { // Which fails if a goroutine is left.
			var v event.MemoryValue[int]
			v.Set(1)
			assert.PanicsWithValue(t, "boom", func() { _ = run(t.Context(), &v) }, name)
		})
	}
}

func TestRunWhileWhoseKeepEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		v.Set(1)
		returned, ended := false, make(chan struct{})
		go func() {
			defer close(ended)
			_ = event.RunWhile(t.Context(), &v, func(int, int) bool { runtime.Goexit(); return true }, func(ctx context.Context, _ int) error {
				v.Set(2)
				<-ctx.Done()
				return nil
			})
			returned = true
		}()
		<-ended
		assert.False(t, returned)
	})
}

func ExampleRunWhile() {
	type config struct{ Addr, Level string }
	var current event.MemoryValue[config]
	current.Set(config{":80", "info"})

	sameAddr := func(old, next config) bool { return old.Addr == next.Addr }
	err := event.RunWhile(context.Background(), &current, sameAddr, func(ctx context.Context, c config) error {
		fmt.Println("listening on", c.Addr)
		if c.Addr == ":80" {
			current.Set(config{":80", "debug"}) // Is kept.
			current.Set(config{":81", "debug"})
		} else {
			current.Close()
		}
		<-ctx.Done()
		fmt.Println("stopping:", context.Cause(ctx))
		return nil
	})
	fmt.Println(err)
	// Output:
	// listening on :80
	// stopping: event: value changed
	// listening on :81
	// stopping: event: value closed
	// event: value closed
}
