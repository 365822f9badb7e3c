package event_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

func atLeast(least int) func(int) bool { return func(n int) bool { return n >= least } }

// reached fails the test unless ctx has ended because want was reached.
func reached(t *testing.T, ctx context.Context, want int) {
	t.Helper()
	assert.Equal(t, context.Canceled, ctx.Err())
	var r *event.Reached[int]
	if assert.ErrorAs(t, context.Cause(ctx), &r) {
		assert.Equal(t, want, r.Value)
		assert.Equal(t, "event: state reached", r.Error(), "without the value, which may be a secret")
	}
}

// unwatched fails the test if a watcher of v is open.
func unwatched(t *testing.T, v *event.MemoryValue[int]) {
	t.Helper()
	n, _ := event.Load(v.Watchers())
	assert.Zero(t, n, "watchers are open")
}

// overs are the ways in which the tests follow a value: with and without a goroutine.
var overs = map[string]func(*event.MemoryValue[int]) event.ValueWatch[int]{
	"MemoryValue": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return v },
	"Combine": func(v *event.MemoryValue[int]) event.ValueWatch[int] {
		return event.Combine(event.Map(v, func(n int) int { return n }), event.New(0), func(a, b int) int { return a + b })
	},
	"elsewhere": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return unloadable{v} },
}

// eachOver runs the test over each of them, in a bubble.
func eachOver(t *testing.T, test func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int])) {
	for name, over := range overs {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := new(event.MemoryValue[int])
				test(t, v, over(v))
			})
		})
	}
}

func TestUntilAValueIsAccepted(t *testing.T) {
	eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
		ctx, cancel := event.Until(t.Context(), over, atLeast(3))
		defer cancel()
		for n := range 3 {
			v.Set(n)
			synctest.Wait()
			assert.NoError(t, ctx.Err())
		}
		v.Set(3)
		<-ctx.Done()
		reached(t, ctx, 3)
		synctest.Wait()
		unwatched(t, v)
		v.Set(4)
		_ = v.Close()
		synctest.Wait()
		reached(t, ctx, 3)
	})
}

func TestUntilAsksFirstOnTheCaller(t *testing.T) {
	eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
		v.Set(5)
		ctx, cancel := event.Until(t.Context(), over, atLeast(3))
		reached(t, ctx, 5)
		unwatched(t, v)
		cancel()
		cancel()
		reached(t, ctx, 5)
	})
}

// TestUntilReturnsWhateverTheProducersDo checks that Until calls the predicate once
// on the caller, even if the predicate itself makes each value old.
func TestUntilReturnsWhateverTheProducersDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := event.New(0)
		var calls atomic.Int32
		ctx, cancel := event.Until(t.Context(), v, func(val int) bool {
			calls.Inc()
			if val < 100 {
				v.Set(val + 1)
				time.Sleep(time.Second) // Until has returned long before the last call.
			}
			return val == 100
		})
		defer cancel()
		assert.EqualValues(t, 1, calls.Load())
		<-ctx.Done()
		assert.EqualValues(t, 101, calls.Load())
	})
}

func TestUntilTheValueEnds(t *testing.T) {
	cause := errors.New("cause")
	eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
		v.Set(1)
		ctx, cancel := event.Until(t.Context(), over, atLeast(3))
		defer cancel()
		late, cancelLate := event.Until(t.Context(), over, atLeast(1))
		defer cancelLate()
		reached(t, late, 1)
		_ = v.CloseWithError(cause)
		<-ctx.Done()
		assert.ErrorIs(t, context.Cause(ctx), cause)
		assert.ErrorIs(t, context.Cause(ctx), event.ErrClosed)
		synctest.Wait()
		unwatched(t, v)

		late, cancelLate = event.Until(t.Context(), over, atLeast(1))
		defer cancelLate()
		reached(t, late, 1) // The final value.
		late, cancelLate = event.Until(t.Context(), over, atLeast(3))
		defer cancelLate()
		<-late.Done()
		assert.ErrorIs(t, context.Cause(late), cause)
	})
}

func TestUntilTheParentEnds(t *testing.T) {
	cause := errors.New("cause")
	eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
		v.Set(1)
		parent, end := context.WithCancelCause(t.Context())
		ctx, cancel := event.Until(parent, over, atLeast(3))
		defer cancel()
		end(cause)
		assert.Equal(t, context.Canceled, ctx.Err())
		assert.Equal(t, cause, context.Cause(ctx))
		synctest.Wait()
		unwatched(t, v)
		v.Set(3)
		synctest.Wait()
		assert.Equal(t, cause, context.Cause(ctx))

		ctx, cancel = event.Until(parent, over, atLeast(3))
		defer cancel()
		assert.Equal(t, cause, context.Cause(ctx))
		unwatched(t, v)

		timed, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		ctx, cancel = event.Until(timed, over, atLeast(4))
		defer cancel()
		<-ctx.Done()
		assert.Equal(t, context.DeadlineExceeded, ctx.Err())
		synctest.Wait()
		unwatched(t, v)
	})
}

func TestUntilCancel(t *testing.T) {
	eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
		ctx, cancel := event.Until(t.Context(), over, atLeast(3))
		v.Set(1)
		synctest.Wait()
		cancel()
		assert.Equal(t, context.Canceled, context.Cause(ctx))
		synctest.Wait()
		unwatched(t, v)
		v.Set(3)
		synctest.Wait()
		assert.Equal(t, context.Canceled, context.Cause(ctx))
	})
}

func TestUntilCancelDuringThePredicate(t *testing.T) {
	eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
		hold := make(chan struct{})
		ctx, cancel := event.Until(t.Context(), over, func(int) bool { <-hold; return true })
		v.Set(1)
		synctest.Wait()
		require.NoError(t, ctx.Err())
		cancel() // It does not wait for the predicate.
		assert.Equal(t, context.Canceled, context.Cause(ctx))
		close(hold)
		synctest.Wait()
		assert.Equal(t, context.Canceled, context.Cause(ctx), "what the predicate returns late is dropped")
		unwatched(t, v)
	})
}

func TestUntilCancelInThePredicate(t *testing.T) {
	eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
		var cancel context.CancelFunc
		var ctx context.Context
		ctx, cancel = event.Until(t.Context(), over, func(int) bool { cancel(); return true })
		v.Set(1)
		synctest.Wait()
		assert.Equal(t, context.Canceled, context.Cause(ctx))
		unwatched(t, v)
	})
}

// TestUntilHasNoGoroutineWhileTheValueRests counts goroutines while the value rests, and
// while the predicate runs.
func TestUntilHasNoGoroutineWhileTheValueRests(t *testing.T) {
	eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
		hold := make(chan struct{})
		first := true
		idle := testkit.Goroutines()
		external := 0
		if _, is := over.(unloadable); is {
			external = 1
		}
		v.Set(0)
		ctx, cancel := event.Until(t.Context(), over, func(n int) bool {
			if !first {
				<-hold
			}
			first = false
			return n >= 100
		})
		defer cancel()
		synctest.Wait()
		assert.Equal(t, idle+external, testkit.Goroutines(), "nothing is set")
		for n := range 5 {
			v.Set(n)
			synctest.Wait()
			assert.Equal(t, idle+1, testkit.Goroutines(), "the predicate runs")
		}
		hold <- struct{}{}
		hold <- struct{}{} // It is called with the newest, and not with those in between.
		synctest.Wait()
		assert.Equal(t, idle+external, testkit.Goroutines(), "nothing is set")
		close(hold)
		v.Set(100)
		<-ctx.Done()
		synctest.Wait()
		assert.Equal(t, idle, testkit.Goroutines(), "the context has ended")
	})
}

func TestUntilSkipsWhatWasReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		hold := make(chan struct{})
		var asked []int
		ctx, cancel := event.Until(t.Context(), &v, func(n int) bool {
			asked = append(asked, n)
			<-hold
			return n == 4
		})
		defer cancel()
		for n := range 5 {
			v.Set(n)
			synctest.Wait()
		}
		close(hold)
		<-ctx.Done()
		assert.Equal(t, []int{0, 4}, asked)
	})
}

func TestUntilAGetFails(t *testing.T) {
	errBad := errors.New("bad value")
	ctx, cancel := event.Until[int](t.Context(), script{gives(1), fails(errBad)}, atLeast(1))
	defer cancel()
	reached(t, ctx, 1)
	ctx, cancel = event.Until[int](t.Context(), script{fails(errBad)}, atLeast(1))
	defer cancel()
	assert.Equal(t, errBad, context.Cause(ctx))
	ctx, cancel = event.Until[int](t.Context(), script{fails(event.BacklogDone), fails(errBad)}, atLeast(1))
	defer cancel()
	<-ctx.Done()
	assert.Equal(t, errBad, context.Cause(ctx))
}

// panicking is a predicate that panics with an error.
func panicking(err error) func(int) bool { return func(int) bool { panic(err) } }

func TestUntilThePredicatePanics(t *testing.T) {
	boom := errors.New("boom")
	for _, before := range []bool{true, false} {
		eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
			if before {
				v.Set(1)
			}
			ctx, cancel := event.Until(t.Context(), over, panicking(boom))
			defer cancel()
			if !before {
				v.Set(1)
			}
			<-ctx.Done()
			cause := context.Cause(ctx)
			assert.ErrorIs(t, cause, boom)
			var p *event.PanicError
			require.ErrorAs(t, cause, &p)
			assert.Equal(t, boom, p.Value)
			assert.Contains(t, string(p.Stack), "panicking")
			assert.Contains(t, cause.Error(), "event: function of Until panicked: boom\n")
			assert.Contains(t, cause.Error(), "panicking")
			synctest.Wait()
			unwatched(t, v)
		})
	}
}

func TestUntilTheFunctionOfAViewPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		ctx, cancel := event.Until(t.Context(), event.Map(&v, func(n int) int { panic("boom") }), atLeast(1))
		defer cancel()
		v.Set(1)
		<-ctx.Done()
		var p *event.PanicError
		require.ErrorAs(t, context.Cause(ctx), &p)
		assert.Equal(t, "boom", p.Value)
		assert.NoError(t, p.Unwrap())
	})
}

func TestUntilThePredicateEndsItsGoroutine(t *testing.T) {
	eachOver(t, func(t *testing.T, v *event.MemoryValue[int], over event.ValueWatch[int]) {
		goexit := func(int) bool { runtime.Goexit(); return true }
		ctx, cancel := event.Until(t.Context(), over, goexit)
		defer cancel()
		v.Set(1)
		<-ctx.Done()
		var p *event.PanicError
		require.ErrorAs(t, context.Cause(ctx), &p)
		assert.Nil(t, p.Value)
		assert.Contains(t, p.Error(), "event: function of Until called runtime.Goexit\n\n")
		synctest.Wait()
		unwatched(t, v)

		parent, stop := context.WithCancel(t.Context())
		defer stop()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, cancel := event.Until(parent, over, goexit)
			defer cancel()
			t.Error("Until has returned")
		}()
		<-done
		unwatched(t, v)
	})
}

// TestUntilUnderAHalfEndedContext is under a context whose Err is nil once Done is closed.
func TestUntilUnderAHalfEndedContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		done := make(chan struct{})
		ctx, cancel := event.Until(halfEnded{t.Context(), done}, &v, atLeast(1))
		defer cancel()
		close(done)
		<-ctx.Done()
		assert.Equal(t, context.Canceled, ctx.Err())
		synctest.Wait()
		unwatched(t, &v)
	})
}

type halfEnded struct {
	context.Context
	done chan struct{}
}

func (h halfEnded) Done() <-chan struct{} { return h.done }
func (h halfEnded) Value(any) any         { return nil }

// TestUntilAgainstSets lets the end of a look and a Set meet in all ways, for long enough that
// each schedule comes up.
func TestUntilAgainstSets(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	for name, over := range overs {
		t.Run(name, func(t *testing.T) {
			for i := range rounds {
				var v event.MemoryValue[int]
				ctx, cancel := event.Until(t.Context(), over(&v), atLeast(20))
				other, cancelOther := event.Until(ctx, over(&v), atLeast(1000))
				var sets sync.WaitGroup
				for range 2 {
					sets.Go(func() {
						for range 10 {
							v.Update(func(old int, _ bool) (int, bool) { return old + 1, true })
						}
					})
				}
				if i%3 == 0 {
					sets.Go(cancelOther)
				}
				sets.Wait()
				select {
				case <-ctx.Done():
				case <-time.After(time.Minute):
					t.Fatal("the context does not end")
				}
				reached(t, ctx, 20)
				<-other.Done()
				cancel()
				cancelOther()
				require.True(t, eventually(func() bool { n, _ := event.Load(v.Watchers()); return n == 0 }))
			}
		})
	}
}

// TestUntilKeepsNothing is for each end of a context: the value keeps neither the context nor
// the predicate, and whoever keeps the context and cancel does not keep the value.
func TestUntilKeepsNothing(t *testing.T) {
	for over := range overs {
		for name, end := range map[string]func(v *event.MemoryValue[int], end func(), cancel context.CancelFunc){
			"cancel":  func(_ *event.MemoryValue[int], _ func(), cancel context.CancelFunc) { cancel() },
			"parent":  func(_ *event.MemoryValue[int], end func(), _ context.CancelFunc) { end() },
			"reached": func(v *event.MemoryValue[int], _ func(), _ context.CancelFunc) { v.Set(9) },
			"end": func(v *event.MemoryValue[int], _ func(), _ context.CancelFunc) {
				_ = v.CloseWithError(errors.New("cause"))
			},
			"changes": func(v *event.MemoryValue[int], _ func(), cancel context.CancelFunc) {
				for range 10 {
					v.Set(1)
					synctest.Wait()
				}
				cancel()
			},
		} {
			t.Run(over+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := event.New(0)
					parent, stop := context.WithCancel(t.Context())
					defer stop()
					ctx, cancel, held := untilWithPayload(parent, overs[over](v))
					end(v, stop, cancel)
					<-ctx.Done()
					synctest.Wait()
					garbage(t, "the predicate", held.byPredicate)
					runtime.KeepAlive(ctx)
					runtime.KeepAlive(cancel)
					ctx, cancel = nil, nil
					garbage(t, "the context", held.byContext)
					runtime.KeepAlive(v)

					ctx, cancel, _ = untilWithPayload(t.Context(), overs[over](v))
					cancel()
					synctest.Wait()
					value := weak.Make(v)
					v = nil
					garbage(t, "the value", value)
					runtime.KeepAlive(ctx)
					runtime.KeepAlive(cancel)
				})
			})
		}
	}
}

// heldByUntil is what the arguments of an Until refer to.
type heldByUntil struct{ byContext, byPredicate weak.Pointer[payload] }

// untilWithPayload returns what Until returns, and what its arguments refer to.
//
//go:noinline
func untilWithPayload(ctx context.Context, v event.ValueWatch[int]) (context.Context, context.CancelFunc, heldByUntil) {
	inContext, inPredicate := new(payload), new(payload)
	ctx = context.WithValue(ctx, heldByUntil{}, inContext)
	ctx, cancel := event.Until(ctx, v, func(n int) bool { return inPredicate != nil && n >= 9 })
	return ctx, cancel, heldByUntil{weak.Make(inContext), weak.Make(inPredicate)}
}

// Work that is allowed only while this process leads.
func ExampleUntil() {
	leader := event.New("me")
	ctx, cancel := event.Until(context.Background(), leader, func(name string) bool { return name != "me" })
	defer cancel()

	leader.Set("alice")
	<-ctx.Done()
	fmt.Println(ctx.Err())
	var r *event.Reached[string]
	if errors.As(context.Cause(ctx), &r) {
		fmt.Println("the leader is", r.Value)
	}
	// Output:
	// context canceled
	// the leader is alice
}
