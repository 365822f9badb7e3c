package event_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// half is a context with a Done channel of its own and the Err of the context that
// it embeds: when the channel is closed, Err is nil.
type half struct {
	context.Context
	done  chan struct{}
	calls *int // of Err. A Get that spins calls it without end.
}

func (c half) Done() <-chan struct{} { return c.done }

func (c half) Err() error {
	if *c.calls++; *c.calls > 1000 {
		panic("spins")
	}
	return c.Context.Err()
}

// registering is a half that calls the functions that were registered with it.
type registering struct {
	half
	funcs *[]func()
}

func (c registering) AfterFunc(f func()) func() bool {
	*c.funcs = append(*c.funcs, f)
	return func() bool { return false }
}

// halves returns contexts of all kinds that are half ended once end was called.
func halves(t *testing.T) map[string]func() (ctx context.Context, end func()) {
	newHalf := func(ctx context.Context) half { return half{ctx, make(chan struct{}), new(int)} }
	return map[string]func() (context.Context, func()){
		"Embeds": func() (context.Context, func()) {
			c := newHalf(t.Context())
			return c, func() { close(c.done) }
		},
		"Foreign": func() (context.Context, func()) {
			c := newHalf(testkit.Foreign{Context: t.Context()})
			return c, func() { close(c.done) }
		},
		"Registers": func() (context.Context, func()) {
			c := registering{newHalf(t.Context()), new([]func())}
			return c, func() {
				close(c.done)
				for _, f := range *c.funcs {
					f()
				}
			}
		},
		"RegistersEarly": func() (context.Context, func()) {
			c := registering{newHalf(t.Context()), new([]func())}
			return c, func() {
				for _, f := range *c.funcs {
					f()
				}
				synctest.Wait()
				close(c.done)
			}
		},
	}
}

// waits are all functions that wait, over a value without data.
func waits() map[string]func(context.Context, event.ValueWatch[int]) error {
	all := map[string]func(context.Context, event.ValueWatch[int]) error{
		"Wait": func(ctx context.Context, v event.ValueWatch[int]) error {
			_, err := event.Wait(ctx, v, func(n int) bool { return n < 0 })
			return err
		},
		"Pipe": func(ctx context.Context, v event.ValueWatch[int]) error {
			return event.Pipe(v, make(chan int))(ctx)
		},
		"PipeOfEntries": func(ctx context.Context, v event.ValueWatch[int]) error {
			return event.Pipe[int](entries{v}, make(chan int))(ctx)
		},
		"RunWhile": func(ctx context.Context, v event.ValueWatch[int]) error {
			return event.RunWhile(ctx, v, tens, func(ctx context.Context, _ int) error { <-ctx.Done(); return nil })
		},
		"RunWhileIdle": func(ctx context.Context, v event.ValueWatch[int]) error {
			return event.RunWhile(ctx, v, tens, done)
		},
		"All": func(ctx context.Context, v event.ValueWatch[int]) error {
			var errs []error
			for _, err := range event.All(ctx, v) {
				if err != nil {
					errs = append(errs, err)
				}
				if len(errs) > 1 {
					return errors.Join(errs...)
				}
			}
			return errs[0]
		},
	}
	for _, kind := range append([]string{"Value"}, allViewKinds...) {
		all["Get"+kind] = func(ctx context.Context, v event.ValueWatch[int]) error {
			if kind != "Value" {
				v = viewOfKind(kind, v, v)
			}
			w := v.Watch()
			defer w.Close()
			if _, err := w.Get(ctx, event.Filter(func(n int) bool { return n < 0 })); err != context.Canceled {
				return err
			}
			_, err := w.Get(context.Background(), event.BacklogOnly[int]())
			if err != nil && err != event.BacklogDone {
				return err // The watcher is not usable.
			}
			return context.Canceled
		}
	}
	return all
}

// A context whose Done is closed ends each wait, even if its Err is nil.
func TestHalfEndedContextEndsAWait(t *testing.T) {
	for name, wait := range waits() {
		for kind, ctxs := range halves(t) {
			for _, data := range []bool{false, true} {
				for _, early := range []bool{false, true} {
					synctest.Test(t, func(t *testing.T) {
						ctx, end := ctxs()
						var v event.MemoryValue[int]
						if data {
							v.Set(1)
						}
						ended := make(chan error, 1)
						if early {
							end()
						}
						go func() { ended <- wait(ctx, &v) }()
						synctest.Wait()
						if !early {
							require.Empty(t, ended)
							end()
							synctest.Wait()
						}
						if assert.NotEmpty(t, ended, "%s %s data %t early %t", name, kind, data, early) {
							assert.Equal(t, context.Canceled, <-ended, "%s %s data %t early %t", name, kind, data, early)
						}
						_ = v.Close() // Ends what still waits.
					})
				}
			}
		}
	}
}

// A half-ended context ends an offer, even if there is always something newer.
func TestHalfEndedContextEndsAnOffer(t *testing.T) {
	for name, c := range map[string]struct {
		over func(*event.MemoryValue[int]) event.ValueWatch[int]
		end  func(*event.MemoryValue[int])
	}{
		"Offer": {func(v *event.MemoryValue[int]) event.ValueWatch[int] { return v }, func(v *event.MemoryValue[int]) { v.Set(2) }},
		"Entry": {func(v *event.MemoryValue[int]) event.ValueWatch[int] { return entries{v} }, func(v *event.MemoryValue[int]) { v.Set(2) }},
		"AtTheEnd": {func(v *event.MemoryValue[int]) event.ValueWatch[int] { return v }, func(v *event.MemoryValue[int]) {
			_ = v.Close()
			synctest.Wait()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := half{t.Context(), make(chan struct{}), new(int)}
				var v event.MemoryValue[int]
				v.Set(1)
				ended := piped(ctx, event.Pipe(c.over(&v), make(chan int), event.Filter(func(n int) bool {
					if n > 1 {
						v.Set(n + 1)
					}
					return true
				})))
				require.Empty(t, ended)
				c.end(&v)
				close(ctx.done)
				assert.Equal(t, context.Canceled, <-ended)
			})
		})
	}
}

// A Pipe does not take the error of its context for the end of its value.
func TestPipeUnderAContextWhoseErrorIsErrClosed(t *testing.T) {
	for after := range 8 {
		synctest.Test(t, func(t *testing.T) {
			var v event.MemoryValue[int]
			v.Set(1)
			c := make(chan int)
			ended := piped(&endsLater{Context: t.Context(), after: after, err: event.ErrClosed}, event.Pipe(&v, c))
			for n := 2; len(ended) == 0 && n < 20; n++ { // Each Get calls Err.
				v.Set(n)
				synctest.Wait()
			}
			if assert.NotEmpty(t, ended, "%d", after) {
				assert.Equal(t, event.ErrClosed, <-ended)
				return
			}
			<-c
		})
	}
}

// A watcher is registered with its context from the second wait on.
func TestHalfEndedContextLeavesTheWatcherUsable(t *testing.T) {
	for _, kind := range append([]string{"Value"}, viewKinds...) {
		for name, ctxs := range halves(t) {
			for before := range 4 {
				synctest.Test(t, func(t *testing.T) {
					ctx, end := ctxs()
					var v event.MemoryValue[int]
					var view event.ValueWatch[int] = &v
					if kind != "Value" {
						view = viewOfKind(kind, &v, &v)
					}
					w := view.Watch()
					defer w.Close()
					get := func(ctx context.Context) <-chan error {
						c := make(chan error, 1)
						go func() { _, err := w.Get(ctx); c <- err }()
						synctest.Wait()
						return c
					}
					for n := range before {
						time.Sleep(judgedInterval)
						c := get(ctx)
						v.Set(100 + n)
						require.NoError(t, <-c)
					}
					time.Sleep(judgedInterval)
					c := get(ctx)
					require.Empty(t, c)
					end()
					v.Set(2) // After the end.
					require.Equal(t, context.Canceled, <-c, "%s %s %d", kind, name, before)
					require.NoError(t, <-get(ctx), "a Get with something to return asks Err alone")
					require.Equal(t, context.Canceled, <-get(ctx))
					time.Sleep(judgedInterval)
					c = get(t.Context())
					require.Empty(t, c)
					v.Set(4)
					require.NoError(t, <-c)
				})
			}
		}
	}
}

// impatient is a context that calls a function as soon as it is registered, but
// whose channel stays open.
type impatient struct{ half }

func (c impatient) AfterFunc(f func()) func() bool {
	go f()
	return func() bool { return false }
}

func TestContextThatCallsAtOnceDoesNotMakeAGetSpin(t *testing.T) {
	for _, kind := range append([]string{"Value"}, allViewKinds...) {
		synctest.Test(t, func(t *testing.T) {
			ctx := impatient{half{t.Context(), make(chan struct{}), new(int)}}
			var v event.MemoryValue[int]
			var view event.ValueWatch[int] = &v
			if kind != "Value" {
				view = viewOfKind(kind, &v, &v)
			}
			w := view.Watch()
			defer w.Close()
			c := make(chan error, 1)
			get := func() { _, err := w.Get(ctx); c <- err }
			for n := range 10 {
				go get()
				synctest.Wait()
				require.Empty(t, c, kind)
				v.Set(10 + n)
				require.NoError(t, <-c)
				time.Sleep(judgedInterval)
			}
			go get()
			synctest.Wait()
			close(ctx.done)
			require.Equal(t, context.Canceled, <-c)
		})
	}
}

// endsWhenAsked is a context that ends just after its first Err, and then has a value
// set.
type endsWhenAsked struct {
	context.Context
	ended bool
	end   func()
}

func (c *endsWhenAsked) Err() error {
	if c.ended {
		return context.Canceled
	}
	c.ended = true
	c.end()
	return nil
}

// A Get that has an earlier context to leave goes through the loop. It loads the value,
// and then checks the context.
func TestGetInTheLoopReturnsNothingSetAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := v.Watch()
		defer w.Close()
		for n := range 3 { // It is registered after two waits.
			got := make(chan int)
			go func() { val, _ := w.Get(t.Context()); got <- val }()
			synctest.Wait()
			v.Set(n)
			assert.Equal(t, n, <-got)
		}
		v.Set(3)
		other, cancel := context.WithCancel(context.Background())
		defer cancel()
		ctx := &endsWhenAsked{Context: other, end: func() { v.Set(4) }}
		val, err := w.Get(ctx)
		require.NoError(t, err)
		assert.Equal(t, 3, val)
	})
}
