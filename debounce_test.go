package event_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// gets fails the test unless a Get on w returns the value after the time.
func gets(t *testing.T, w event.Watcher[int], want int, after time.Duration) {
	t.Helper()
	start := time.Now()
	got, err := w.Get(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, after, time.Since(start))
}

// setting sets 1, 2, 3 and so on, until last, every so often, and returns at once.
func setting(t *testing.T, v *event.MemoryValue[int], last int, every time.Duration) {
	go func() {
		for n := range last {
			v.Set(n + 1)
			select {
			case <-time.After(every):
			case <-t.Context().Done():
				return
			}
		}
	}()
	synctest.Wait() // The 1 is there.
}

func TestDebounceWaitsForAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.Debounce(&v, 10*time.Second).Watch()
		defer w.Close()
		setting(t, &v, 5, 7*time.Second)
		gets(t, w, 5, 4*7*time.Second+10*time.Second)
		v.Set(6)
		gets(t, w, 6, 10*time.Second) // Each value waits, and not only the first.
		time.Sleep(time.Hour)
		v.Set(7)
		time.Sleep(time.Hour)
		gets(t, w, 7, 10*time.Second) // The time counts from the Get.
	})
}

func TestDebounceMaxBoundsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.DebounceMax(&v, 10*time.Second, 25*time.Second).Watch()
		defer w.Close()
		setting(t, &v, 20, 7*time.Second) // At 0, 7, 14, 21, 28 and so on.
		gets(t, w, 4, 25*time.Second)
		gets(t, w, 8, 3*time.Second+25*time.Second) // 5 is there at 28.
	})
}

// What has been held back for the longest time is returned by the first Get after that,
// though newer values go on coming.
func TestDebounceMaxOfAWatcherThatRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.DebounceMax(&v, 10*time.Second, 25*time.Second).Watch()
		defer w.Close()
		setting(t, &v, 20, 7*time.Second)
		nothing(t, w)
		time.Sleep(30 * time.Second)
		n, err := now(t, w)
		assert.NoError(t, err)
		assert.Equal(t, 5, n, "the newest")
		free := event.Debounce(&v, 10*time.Second).Watch()
		defer free.Close()
		nothing(t, free)
		time.Sleep(30 * time.Second)
		nothing(t, free) // Something newer has come.
	})
}

func TestDebounceOfASelect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.Debounce(&v, 10*time.Second).Watch()
		defer w.Close()
		start := time.Now()
		assert.True(t, opened(w.Changed()))
		setting(t, &v, 5, 7*time.Second)
		for {
			<-w.Changed()
			n, err := now(t, w)
			if err == event.BacklogDone {
				assert.True(t, opened(w.Changed()), "it stays open until something happens")
				continue
			}
			assert.NoError(t, err)
			assert.Equal(t, 5, n)
			assert.Equal(t, 38*time.Second, time.Since(start))
			break
		}
		assert.True(t, opened(w.Changed()))
	})
}

func TestDebounceChangedClosesWhenTheTimeHasPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.Debounce(&v, 10*time.Second).Watch()
		defer w.Close()
		v.Set(1)
		nothing(t, w)
		start, changed := time.Now(), w.Changed()
		assert.Equal(t, changed, w.Changed())
		<-changed
		assert.Equal(t, 10*time.Second, time.Since(start))
		assert.False(t, opened(w.Changed()))
		has(t, w, 1)
	})
}

func TestDebounceCountsFromChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.Debounce(event.Map(&v, func(n int) int { return n }), 10*time.Second).Watch()
		defer w.Close()
		for n := 0; n < 50; n += 5 {
			v.Set(n + 1)
			w.Changed()
			time.Sleep(7 * time.Second)
			w.Changed() // It was found before.
			gets(t, w, n+1, 3*time.Second)

			v.Set(n + 2)
			w.Changed()
			time.Sleep(7 * time.Second)
			v.Set(n + 3)
			gets(t, w, n+3, 10*time.Second) // Changed has found another.

			v.Set(n + 4)
			w.Changed()
			v.Set(n + 5)
			time.Sleep(7 * time.Second)
			w.Changed()
			time.Sleep(7 * time.Second)
			gets(t, w, n+5, 3*time.Second) // The second Changed has found it.
		}
		external := event.Debounce[int](unloadable{&v}, 10*time.Second).Watch()
		defer external.Close()
		external.Changed()
		time.Sleep(7 * time.Second)
		gets(t, external, 50, 10*time.Second) // There are no versions.
	})
}

func TestDebounceOfAnEndedValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		view := event.Debounce(&v, time.Hour)
		start, cause := time.Now(), errors.New("cause")
		waiting, held := view.Watch(), view.Watch()
		got := make(chan int, 1)
		go func() { n, _ := waiting.Get(t.Context()); got <- n }()
		v.Set(1)
		nothing(t, held)
		changed := held.Changed()
		v.Set(2)
		synctest.Wait()
		require.Empty(t, got)
		_ = v.CloseWithError(cause)
		assert.Equal(t, 2, <-got)
		<-changed
		for _, w := range []event.Watcher[int]{held, view.Watch()} {
			assert.False(t, opened(w.Changed()))
			n, err := now(t, w)
			assert.NoError(t, err)
			assert.Equal(t, 2, n)
		}
		for _, w := range []event.Watcher[int]{waiting, held} {
			_, err := w.Get(t.Context())
			assert.ErrorIs(t, err, cause)
			assert.False(t, opened(w.Changed()))
		}
		assert.Zero(t, time.Since(start))
	})
}

// A value that a Filter rejects is passed in its time, and the next one waits anew. A
// value whose Get fails does not.
func TestDebounceOfWhatIsNotReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.DebounceMax(&v, 10*time.Second, 15*time.Second).Watch()
		defer w.Close()
		v.Set(1)
		_, err := now(t, w, event.Filter(func(int) bool { t.Error("asked about what is held back"); return true }))
		assert.Equal(t, event.BacklogDone, err)
		time.Sleep(10 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		_, err = w.Get(ctx, event.Filter(func(int) bool { cancel(); return true }))
		assert.Equal(t, context.Canceled, err)
		assert.False(t, opened(w.Changed()))
		_, err = now(t, w, event.Filter(func(int) bool { return false }))
		assert.Equal(t, event.BacklogDone, err)
		v.Set(2)
		nothing(t, w)
		time.Sleep(9 * time.Second)
		v.Set(3)
		nothing(t, w)
		gets(t, w, 3, 6*time.Second) // The longest time began with the 2.
	})
}

func TestDebounceEndsOfTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		w := event.Debounce(&v, time.Hour).Watch()
		v.Set(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := w.Get(ctx)
		assert.Equal(t, context.DeadlineExceeded, err)
		end := make(chan error, 1)
		go func() { _, err := w.Get(t.Context()); end <- err }()
		synctest.Wait()
		require.Empty(t, end)
		_, err = w.Get(t.Context())
		assert.Equal(t, event.ErrConcurrentGet, err)
		start := time.Now()
		assert.NoError(t, w.Close())
		assert.Equal(t, event.ErrWatcherClosed, <-end)
		assert.Zero(t, time.Since(start))
		assert.False(t, opened(w.Changed()))
	})
}

// Sums of times stay in their range.
func TestDebounceForAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		v.Set(1)
		for _, view := range []event.ValueWatch[int]{event.Debounce(&v, 1<<63-1), event.DebounceMax(&v, 1<<63-1, 1<<63-1)} {
			w := view.Watch()
			time.Sleep(time.Hour)
			nothing(t, w)
			time.Sleep(time.Hour)
			nothing(t, w)
			assert.NoError(t, w.Close())
		}
	})
}

// In a pause, a round costs the snapshot and nothing.
func TestDebounceAllocatesOnlyToWait(t *testing.T) {
	var v event.MemoryValue[int]
	w := event.Debounce(&v, time.Hour).Watch()
	defer w.Close()
	kept := []event.GetOption[int]{event.BacklogOnly[int]()}
	assert.EqualValues(t, 1, testing.AllocsPerRun(100, func() {
		v.Set(1)
		_, _ = w.Get(t.Context(), kept...)
	}))
}

func ExampleDebounce() {
	var edits event.MemoryValue[string]
	w := event.Debounce(&edits, 10*time.Millisecond).Watch()
	defer w.Close()

	for _, text := range []string{"h", "he", "hello"} {
		edits.Set(text)
	}
	text, err := w.Get(context.Background()) // Once nothing has been typed for a while.
	fmt.Println(text, err)
	// Output: hello <nil>
}

func ExampleDebounceMax() {
	var edits event.MemoryValue[string]
	saves := event.DebounceMax(&edits, time.Minute, time.Hour)
	go func() {
		defer edits.Close() // The last text is saved at once.
		edits.Set("draft")
		edits.Set("final")
	}()
	for text, err := range event.All(context.Background(), saves) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println("save", text)
	}
	// Output:
	// save final
	// event: value closed
}
