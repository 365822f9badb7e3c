package event_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// counting is a context of its own type that counts its registrations.
type counting struct {
	testkit.Foreign
	registered int
}

func (c *counting) AfterFunc(func()) func() bool {
	c.registered++
	return func() bool { c.registered--; return true }
}

// A Get that its context ends by a panic leaves the watcher as it was.
func TestPanicOfAContextLeavesTheWatcherUsable(t *testing.T) {
	for _, before := range []int{0, 3} { // From the second on it is registered.
		synctest.Test(t, func(t *testing.T) {
			var v event.MemoryValue[int]
			w := v.Watch()
			defer w.Close()
			waitOn(t, &v, w, t.Context(), before)
			other, cancel := context.WithCancel(t.Context())
			defer cancel()
			waitOn(t, &v, w, other, 1) // When it is met again, w registers.
			foreign := testkit.Foreign{Context: other}
			for range 1000 {
				require.Panics(t, func() { _, _ = w.Get(&testkit.Explosive{Foreign: foreign, AtDone: 1}) })
				require.PanicsWithValue(t, "aloof", func() { _, _ = w.Get(testkit.Aloof{Foreign: foreign}) })
			}
			changed := w.Changed()
			require.False(t, testkit.IsClosed(changed))
			waitOn(t, &v, w, t.Context(), 3)
			require.True(t, testkit.IsClosed(changed))
		})
	}
}

// The same holds for a context that panics when the watcher leaves it.
func TestPanicOfAnEarlierContextLeavesTheWatcherUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := v.Watch()
		defer w.Close()
		other, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range 100 {
			waitOn(t, &v, w, fragile{testkit.Foreign{Context: other}}, 3)
			require.PanicsWithValue(t, "fragile", func() { _, _ = w.Get(t.Context()) })
			waitOn(t, &v, w, t.Context(), 1)
		}
	})
}

// The same holds for a context that panics when the wait is over.
func TestPanicOfAContextAfterTheWaitLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := v.Watch()
		defer w.Close()
		waitOn(t, &v, w, t.Context(), 3)
		for i := range 100 {
			go func() { synctest.Wait(); v.Set(i) }()
			require.Panics(t, func() {
				ctx := &testkit.Explosive{Foreign: testkit.Foreign{Context: t.Context()}, AtErr: 1}
				_, _ = w.Get(ctx, event.Filter(func(int) bool { return true }))
			})
			got, err := w.Get(t.Context())
			require.NoError(t, err)
			require.Equal(t, i, got)
		}
	})
}

// fragile is a context that panics when it is left.
type fragile struct{ testkit.Foreign }

func (fragile) AfterFunc(func()) func() bool {
	return func() bool { panic("fragile") }
}

// A Close that its context ends by a panic has closed the watcher, and is counted.
func TestPanicOfAContextLeavesTheWatcherClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := v.Watch()
		waitOn(t, &v, w, fragile{testkit.Foreign{Context: t.Context()}}, 3)
		require.PanicsWithValue(t, "fragile", func() { _ = w.Close() })
		_, err := w.Get(t.Context())
		assert.Equal(t, event.ErrWatcherClosed, err)
		n, _ := v.Watchers().(event.Loader[int]).Load()
		assert.Zero(t, n)
	})
}

// A Get asks for the Err of a context without a Done channel before it waits.
func TestGetUnderAnEndedContextWithoutADone(t *testing.T) {
	var v event.MemoryValue[int]
	w := v.Watch()
	defer w.Close()
	for range 3 {
		_, err := w.Get(endless{t.Context()})
		assert.Equal(t, context.Canceled, err)
	}
}

// endless is a context that has ended and cannot end.
type endless struct{ context.Context }

func (endless) Done() <-chan struct{} { return nil }
func (endless) Err() error            { return context.Canceled }

// A watcher keeps only its last context, even if the Get under that context need
// not wait.
func TestGetUnderAnotherContextForgetsTheFormer(t *testing.T) {
	for name, other := range map[string]func(*event.MemoryValue[int], event.Watcher[int], context.Context) error{
		"Value": func(v *event.MemoryValue[int], w event.Watcher[int], ctx context.Context) error {
			v.Set(100)
			_, err := w.Get(ctx)
			return err
		},
		"BacklogOnly": func(_ *event.MemoryValue[int], w event.Watcher[int], ctx context.Context) error {
			_, err := w.Get(ctx, event.BacklogOnly[int]())
			return err
		},
		"Ended": func(v *event.MemoryValue[int], w event.Watcher[int], ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			_, err := w.Get(ctx)
			return err
		},
		"Close": func(_ *event.MemoryValue[int], w event.Watcher[int], _ context.Context) error { return w.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var v event.MemoryValue[int]
				w := v.Watch()
				former := &counting{Foreign: testkit.Foreign{Context: t.Context()}}
				for n := range 3 {
					go func() { synctest.Wait(); v.Set(n) }()
					_, err := w.Get(former)
					require.NoError(t, err)
				}
				require.Equal(t, 1, former.registered)
				v.Set(50)
				_, err := w.Get(former)
				require.NoError(t, err)
				require.Equal(t, 1, former.registered, "under the same nothing changes")
				err = other(&v, w, context.Background())
				assert.Zero(t, former.registered, err)
			})
		})
	}
}

// Changed lets one goroutine follow a value among other things.
func ExampleWatcher_Changed() {
	var limit event.MemoryValue[int]
	w := limit.Watch()
	defer w.Close()
	requests := make(chan string)
	go func() {
		limit.Set(10)
		requests <- "ping"
		limit.Close()
	}()

	ctx := context.Background()
	for {
		select {
		case r := <-requests:
			fmt.Println("request:", r)
		case <-w.Changed():
			switch n, err := w.Get(ctx, event.BacklogOnly[int]()); err { // It does not wait.
			case nil:
				fmt.Println("limit:", n)
			case event.BacklogDone: // Nothing yet: the channel may be early.
			default:
				fmt.Println(err) // The value has ended, and its channel stays closed.
				return
			}
		}
	}
	// Unordered output:
	// limit: 10
	// request: ping
	// event: value closed
}
