package event_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

func TestRateReturnsOneValueAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		go func() {
			for n := range 100 {
				v.Set(n)
				// A nanosecond more each time: no Set comes at the instant at which an earlier one,
				// or what is timed from it, lets Get return. It could come between Get and Load.
				time.Sleep(time.Duration(rand.IntN(3000))*time.Millisecond + 1)
			}
			_ = v.Close()
		}()
		w := event.Rate(&v, 10*time.Second).Watch()
		var last time.Time
		got := -1
		for {
			n, err := w.Get(t.Context())
			if err != nil {
				assert.Equal(t, event.ErrClosed, err)
				break
			}
			assert.Greater(t, n, got)
			if got >= 0 {
				assert.GreaterOrEqual(t, time.Since(last), 10*time.Second)
			}
			got, last = n, time.Now()
			newest, _ := v.Load()
			assert.Equal(t, newest, n, "the newest when it is returned")
			time.Sleep(time.Duration(rand.IntN(20000)) * time.Millisecond)
		}
		assert.Equal(t, 99, got, "the newest in the end")
	})
}

func TestRateHoldsBackUntilTheIntervalIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const every = time.Minute
		var v event.MemoryValue[int]
		w := event.Rate(&v, every).Watch()
		defer w.Close()
		start := time.Now()
		v.Set(1)
		has(t, w, 1) // The first comes at once.
		assert.True(t, opened(w.Changed()))
		time.Sleep(every / 4)
		changed := w.Changed()
		v.Set(2)
		assert.False(t, opened(changed), "early, but not late")
		nothing(t, w)
		held := w.Changed()
		assert.True(t, opened(held), "nothing is let through")
		v.Set(3)
		synctest.Wait()
		assert.True(t, opened(held))
		assert.Equal(t, held, w.Changed())
		ctx, cancel := context.WithTimeout(t.Context(), every/4)
		_, err := w.Get(ctx)
		cancel()
		assert.Equal(t, context.DeadlineExceeded, err)
		assert.Equal(t, every/2, time.Since(start))
		<-held
		assert.Equal(t, every, time.Since(start))
		v.Set(4)
		has(t, w, 4)
		v.Set(5)
		n, err := w.Get(t.Context())
		assert.NoError(t, err)
		assert.Equal(t, 5, n)
		assert.Equal(t, 2*every, time.Since(start))
		time.Sleep(3 * every)
		v.Set(6)
		assert.False(t, opened(w.Changed()))
		has(t, w, 6)
	})
}

func TestRateOfARejectedValueDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.Rate(&v, time.Hour).Watch()
		v.Set(1)
		_, err := now(t, w, event.Filter(func(n int) bool { return n > 1 }))
		assert.Equal(t, event.BacklogDone, err)
		v.Set(2)
		has(t, w, 2)
	})
}

func TestRateOfAnEndedValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		view := event.Rate(&v, time.Hour)
		seen, behind := view.Watch(), view.Watch()
		v.Set(1)
		has(t, seen, 1)
		has(t, behind, 1)
		start := time.Now()
		v.Set(2)
		nothing(t, behind)
		end := make(chan error, 1)
		third := view.Watch()
		has(t, third, 2)
		changed := third.Changed()
		go func() { _, err := third.Get(t.Context()); end <- err }()
		synctest.Wait()
		require.Empty(t, end)
		_ = v.Close()
		assert.Equal(t, event.ErrClosed, <-end, "there is nothing that would be held back")
		assert.False(t, opened(changed))
		assert.Zero(t, time.Since(start))
		for _, w := range []event.Watcher[int]{seen, behind} {
			n, err := w.Get(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, 2, n, "the final value, in its time")
			assert.Equal(t, time.Hour, time.Since(start))
			_, err = w.Get(t.Context())
			assert.Equal(t, event.ErrClosed, err)
			assert.False(t, opened(w.Changed()))
		}
	})
}

func TestRateCloseEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.Rate(&v, time.Hour).Watch()
		v.Set(1)
		has(t, w, 1)
		v.Set(2)
		end := make(chan error, 1)
		go func() { _, err := w.Get(t.Context()); end <- err }()
		synctest.Wait()
		require.Empty(t, end)
		start := time.Now()
		assert.NoError(t, w.Close())
		assert.Equal(t, event.ErrWatcherClosed, <-end)
		assert.Zero(t, time.Since(start))
	})
}

func ExampleRate() {
	var progress event.MemoryValue[int]
	w := event.Rate(&progress, time.Hour).Watch()
	defer w.Close()

	progress.Set(1)
	fmt.Println(w.Get(context.Background()))
	progress.Set(2)
	fmt.Println(w.Get(context.Background(), event.BacklogOnly[int]())) // Not within this hour.
	// Output:
	// 1 <nil>
	// 0 event: backlog done
}

// The second Get of a Combine of many sources arms them, those with something new
// among them.
func TestRatesUnderACombineOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vs, sources := make([]event.MemoryValue[int], 20), make([]event.ValueWatch[int], 20)
		for i := range vs {
			vs[i].Set(1)
			sources[i] = event.Rate(&vs[i], time.Second)
		}
		w := event.CombineAll(sources...).Watch()
		defer w.Close()
		_, err := now(t, w)
		assert.NoError(t, err)
		for n := 2; n < 5; n++ {
			time.Sleep(2 * time.Second)
			vs[n].Set(n)
			vals, err := now(t, w)
			assert.NoError(t, err)
			assert.Equal(t, n, vals[n])
			vs[n].Set(10 * n)
			_, err = now(t, w)
			assert.Equal(t, event.BacklogDone, err, "it is held back")
			vals, err = w.Get(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, 10*n, vals[n])
		}
	})
}
