package event_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
}

// TestRunWhileWhenARunReturns is the rule: the cause of the end of the run's context
// decides what becomes of the result of the run.
func TestRunWhileWhenARunReturns(t *testing.T) {
	errFlush, errCause := errors.New("flush failed"), errors.New("cause")
	results := map[string]func(context.Context) error{
		"Nil":             func(context.Context) error { return nil },
		"Canceled":        func(context.Context) error { return context.Canceled },
		"WrapsCanceled":   func(ctx context.Context) error { return fmt.Errorf("stopped: %w", ctx.Err()) },
		"Deadline":        func(context.Context) error { return fmt.Errorf("late: %w", context.DeadlineExceeded) },
		"Cause":           context.Cause,
		"WrapsCause":      func(ctx context.Context) error { return fmt.Errorf("stopped: %w", context.Cause(ctx)) },
		"Other":           func(context.Context) error { return errFlush },
		"OtherUncompared": func(context.Context) error { return problems{"flush"} },
	}
	for name, result := range results {
		lost := name == "Other" || name == "OtherUncompared"
		// is fails the test unless got is end, joined with the result if that tells more.
		is := func(t *testing.T, got, end error) {
			t.Helper()
			if !lost {
				assert.True(t, got == end, "%v, not %v itself", got, end)
				return
			}
			assert.ErrorIs(t, got, end)
			if name == "Other" {
				assert.ErrorIs(t, got, errFlush)
			} else {
				assert.ErrorAs(t, got, new(problems))
			}
		}
		for kind, test := range map[string]func(*testing.T, *event.MemoryValue[int], context.Context, context.CancelCauseFunc){
			"Changed": func(t *testing.T, v *event.MemoryValue[int], ctx context.Context, cancel context.CancelCauseFunc) {
				s := serve(ctx, v, result)
				for n := 1; n < 4; n++ {
					assert.Equal(t, 10*n, <-s.began)
					v.Set(10 * (n + 1))
					synctest.Wait()
					assert.Equal(t, event.ErrChanged, <-s.ended)
					require.Empty(t, s.done)
				}
				cancel(nil)
				is(t, <-s.done, context.Canceled)
			},
			"Context": func(t *testing.T, v *event.MemoryValue[int], ctx context.Context, cancel context.CancelCauseFunc) {
				s := serve(ctx, v, result)
				cancel(errCause)
				is(t, <-s.done, context.Canceled)
				assert.Equal(t, errCause, <-s.ended)
			},
			"ContextOfErrChanged": func(t *testing.T, v *event.MemoryValue[int], ctx context.Context, cancel context.CancelCauseFunc) {
				s := serve(ctx, v, result)
				cancel(event.ErrChanged) // As that of a RunWhile around this one.
				is(t, <-s.done, context.Canceled)
				assert.Len(t, s.began, 1)
			},
			"ContextOfAnUncomparedCause": func(t *testing.T, v *event.MemoryValue[int], ctx context.Context, cancel context.CancelCauseFunc) {
				s := serve(ctx, v, result)
				cancel(problems{"cause"})
				if name == "WrapsCause" { // errors.Is does not find it.
					assert.ErrorIs(t, <-s.done, context.Canceled)
					return
				}
				is(t, <-s.done, context.Canceled)
			},
			"Deadline": func(t *testing.T, v *event.MemoryValue[int], ctx context.Context, _ context.CancelCauseFunc) {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				is(t, <-serve(ctx, v, result).done, context.DeadlineExceeded)
			},
			"Value": func(t *testing.T, v *event.MemoryValue[int], ctx context.Context, _ context.CancelCauseFunc) {
				s := serve(ctx, v, result)
				_ = v.Close()
				is(t, <-s.done, event.ErrClosed)
			},
			"ValueWithCause": func(t *testing.T, v *event.MemoryValue[int], ctx context.Context, _ context.CancelCauseFunc) {
				s := serve(ctx, v, result)
				_ = v.CloseWithError(errCause)
				_, end := v.Watch().Get(ctx, event.Filter(func(int) bool { return false }))
				is(t, <-s.done, end)
				assert.Equal(t, end, <-s.ended)
			},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					var v event.MemoryValue[int]
					v.Set(10)
					test(t, &v, ctx, cancel)
				})
			})
		}
	}
}

// The first end is the one that counts, even if the other comes while the run ends.
func TestRunWhileWhenBothEnd(t *testing.T) {
	for _, valueFirst := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var v event.MemoryValue[int]
			v.Set(1)
			leave := make(chan struct{})
			s := serve(ctx, &v, func(context.Context) error { <-leave; return nil })
			ends := []func(){func() { _ = v.Close() }, cancel}
			if !valueFirst {
				ends[0], ends[1] = ends[1], ends[0]
			}
			for _, end := range ends {
				end()
				synctest.Wait()
			}
			close(leave)
			assert.Equal(t, map[bool]error{true: event.ErrClosed, false: context.Canceled}[valueFirst], <-s.done)
		})
	}
}

// closing is a context that ends with ErrClosed.
type closing struct{ context.Context }

func (c closing) Err() error {
	if c.Context.Err() != nil {
		return event.ErrClosed
	}
	return nil
}

// A result that is dropped stays dropped if ctx or the value ends before the next run.
func TestRunWhileWhenAllEndsBetweenTwoRuns(t *testing.T) {
	for name, c := range map[string]struct {
		wrap  func(context.Context) context.Context
		value bool // ends, and not ctx
		want  error
		runs  int
	}{
		"Context":       {func(ctx context.Context) context.Context { return ctx }, false, context.Canceled, 1},
		"ContextCloses": {func(ctx context.Context) context.Context { return closing{ctx} }, false, event.ErrClosed, 1},
		"Value":         {func(ctx context.Context) context.Context { return ctx }, true, event.ErrClosed, 2}, // The final value is run.
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var v event.MemoryValue[int]
			v.Set(1)
			leave := make(chan struct{})
			first := true
			s := serve(c.wrap(ctx), &v, func(context.Context) error {
				if first {
					first = false
					<-leave
					return errors.New("dropped")
				}
				return nil
			})
			v.Set(11)
			synctest.Wait()
			assert.Equal(t, event.ErrChanged, <-s.ended)
			if c.value {
				_ = v.Close()
			} else {
				cancel()
			}
			close(leave)
			assert.Equal(t, c.want, <-s.done, name)
			assert.Len(t, s.began, c.runs, name)
		})
	}
}

// A Get may return a value after the end of its context. The end of the context was
// first, and its result is not dropped.
func TestRunWhileWhenAValueComesAfterTheEnd(t *testing.T) {
	errFlush := errors.New("flush failed")
	for _, cause := range []error{nil, errors.New("cause"), event.ErrChanged} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := func() (int, error) { <-ctx.Done(); return 2, nil }
			err := event.RunWhile[int](ctx, script{gives(1), ended}, func(int, int) bool { return false }, func(ctx context.Context, _ int) error {
				synctest.Wait() // Until the Get waits.
				cancel(cause)
				<-ctx.Done()
				return errFlush
			})
			assert.ErrorIs(t, err, context.Canceled)
			assert.ErrorIs(t, err, errFlush)
		})
	}
}

// While nothing runs, too, the end is ctx.Err() itself.
func TestRunWhileReturnsTheErrorOfAForeignContext(t *testing.T) {
	for _, result := range []func(context.Context) error{context.Cause, nil} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var v event.MemoryValue[int]
			v.Set(1)
			s := serve(failing{ctx}, &v, result)
			if result == nil {
				s.reply <- nil
				synctest.Wait()
			}
			cancel()
			assert.Equal(t, problems{"one"}, <-s.done)
		})
	}
}

// errOnly is a context without a Done channel. Its end is visible by Err alone.
type errOnly struct {
	context.Context
	err *error
}

func (errOnly) Done() <-chan struct{} { return nil }
func (c errOnly) Err() error          { return *c.err }

// An error of a run that was not cancelled is joined with an end that came first.
func TestRunWhileOfARunThatFailsAfterAnEnd(t *testing.T) {
	errBoom, errCause := errors.New("boom"), errors.New("cause")
	for name, c := range map[string]struct {
		end  func(v *event.MemoryValue[int], err *error)
		want error
	}{
		"NoEnd":          {func(*event.MemoryValue[int], *error) {}, nil},
		"NoEndButAValue": {func(v *event.MemoryValue[int], _ *error) { v.Set(3) }, nil},
		"Value":          {func(v *event.MemoryValue[int], _ *error) { v.Set(3); _ = v.CloseWithError(errCause) }, errCause},
		"Context":        {func(_ *event.MemoryValue[int], err *error) { *err = context.DeadlineExceeded }, context.DeadlineExceeded},
	} {
		for _, kept := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				var v event.MemoryValue[int]
				v.Set(1)
				asked := make(chan struct{})
				ctx := errOnly{t.Context(), new(error)}
				err := event.RunWhile(ctx, &v, func(int, int) bool {
					close(asked)
					time.Sleep(time.Second) // The run returns before that, not cancelled.
					return kept
				}, func(context.Context, int) error {
					v.Set(2)
					<-asked
					c.end(&v, ctx.err)
					return errBoom
				})
				if c.want == nil {
					assert.True(t, err == errBoom, "%s: %v, not the error itself", name, err)
				} else {
					assert.ErrorIs(t, err, errBoom, name)
					assert.ErrorIs(t, err, c.want, name)
				}
			})
		}
	}
}

// The error of a Get that is not an end is returned, and ends the run.
func TestRunWhileEndsWhenGetFails(t *testing.T) {
	errStore, errFlush := errors.New("store"), errors.New("flush")
	for _, c := range []struct {
		script script
		result error
		want   []error
	}{
		{script{fails(errStore)}, nil, []error{errStore}},
		{script{gives(1), fails(errStore)}, nil, []error{errStore}},
		{script{gives(1), fails(errStore)}, errFlush, []error{errStore, errFlush}},
		{script{gives(1), gives(2), fails(errStore)}, errFlush, []error{errStore}}, // After ErrChanged.
	} {
		err := event.RunWhile[int](t.Context(), c.script, func(int, int) bool { return false }, func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return c.result
		})
		for _, want := range c.want {
			assert.ErrorIs(t, err, want)
		}
		assert.Equal(t, len(c.want) > 1, errors.Is(err, errFlush))
	}
}

func TestRunWhileEndsWithTheValue(t *testing.T) {
	cause := errors.New("cause")
	for _, running := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var v event.MemoryValue[int]
			v.Set(1)
			left := false
			s := serve(t.Context(), &v, func(context.Context) error { left = true; return nil })
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
		s := serve(ctx, &v, func(context.Context) error { return nil })
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

// A panic of keep reaches the caller as a panic, even if it cannot be told from the
// end of the goroutine by what recover returns.
func TestRunWhileWhoseKeepPanicsWithNil(t *testing.T) {
	const setting = "panicnil=1"
	if os.Getenv("GODEBUG") != setting {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRunWhileWhoseKeepPanicsWithNil$", "-test.v")
		cmd.Env = append(os.Environ(), "GODEBUG="+setting)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		require.True(t, strings.Contains(string(out), "panics with nil"), string(out))
	}
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		v.Set(1)
		var panicked any = "not at all"
		survived, ended := false, make(chan struct{})
		go func() {
			defer close(ended)
			func() {
				defer func() { panicked = recover() }()
				_ = event.RunWhile(t.Context(), &v, func(int, int) bool { panic(any(nil)) }, func(ctx context.Context, _ int) error {
					v.Set(2)
					<-ctx.Done()
					return nil
				})
			}()
			survived = true
		}()
		<-ended
		assert.True(t, survived, "the goroutine has ended")
		if os.Getenv("GODEBUG") == setting {
			assert.Nil(t, panicked)
			t.Log("panics with nil")
		} else {
			assert.IsType(t, &runtime.PanicNilError{}, panicked)
		}
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
