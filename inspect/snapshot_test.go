package inspect_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// A reader checks the Infos of one value that one goroutine finds, one after the other.
type reader struct {
	t    *testing.T
	last inspect.Info
}

func (r *reader) check(info inspect.Info) (ok bool) {
	ok = true
	require := func(holds bool, format string, args ...any) {
		if !holds {
			ok = false
			r.t.Errorf(format, args...)
		}
	}
	require(info.Text == "" || info.Text == fmt.Sprint(info.Version), "text %s of version %d", info.Text, info.Version)
	require(info.Version >= r.last.Version, "version %d after %d", info.Version, r.last.Version)
	require(!info.Seen.After(info.At), "seen %v after the look", info.Seen.Sub(info.At))
	require(!info.Seen.Before(r.last.Seen), "seen goes back by %v", r.last.Seen.Sub(info.Seen))
	require(!info.At.Before(r.last.At), "at goes back by %v", r.last.At.Sub(info.At))
	require(info.Version != r.last.Version || r.last.Version == 0 || info.Seen.Equal(r.last.Seen), "version %d was seen twice", info.Version)
	require(info.Watchers < 0 || info.TrackedTotal <= info.Watchers, "%d tracked watchers, %d watchers", info.TrackedTotal, info.Watchers)
	for _, w := range info.Tracked {
		require(w.Version+w.Lag <= info.Version, "a watcher of version %d and lag %d, the newest version is %d", w.Version, w.Lag, info.Version)
		require(w.Lag <= info.WorstLag, "lag %d, the worst is %d", w.Lag, info.WorstLag)
		require(!w.Opened.After(info.At), "opened %v after the look", w.Opened.Sub(info.At))
	}
	r.last = info
	return ok
}

// TestInfosAreConsistent looks from many goroutines at values that change, and whose watchers
// come and go.
func TestInfosAreConsistent(t *testing.T) {
	const producers, consumers, readers, looks = 2, 4, 4, 150
	plain, shown := event.New(uint64(1)), event.New(uint64(1))
	publish(t, "plain", plain)
	publish(t, "shown", shown, inspect.Show(func(n uint64) string { return fmt.Sprint(n) }))
	stop := make(chan struct{})
	running := func() bool {
		select {
		case <-stop:
			return false
		default:
			return true
		}
	}
	var load, all sync.WaitGroup
	for _, v := range []*event.MemoryValue[uint64]{plain, shown} {
		for range producers {
			load.Go(func() {
				for running() {
					v.Update(func(n uint64, _ bool) (uint64, bool) { return n + 1, true })
				}
			})
		}
		for range consumers {
			load.Go(func() {
				for running() {
					w := inspect.Track("w", v).Watch()
					for range 20 {
						_, _, _ = event.TryGet(t.Context(), w)
					}
					_ = w.Close()
				}
			})
		}
	}
	for range readers {
		all.Go(func() {
			p, s := reader{t: t}, reader{t: t}
			for range looks {
				for _, info := range inspect.Values() {
					r := &p
					if info.Name == "shown" {
						r = &s
					}
					if !r.check(info) {
						return
					}
				}
			}
		})
	}
	all.Wait()
	close(stop)
	load.Wait()
}

// A miscounter reports fewer watchers than there are.
type miscounter struct{ event.ValueWatch[int] }

func (miscounter) InspectWatchers() int { return 0 }

func TestWatchersAreAtLeastTheTracked(t *testing.T) {
	v := miscounter{event.New(1)}
	publish(t, "v", v)
	w := inspect.Track("w", v).Watch()
	defer w.Close()
	assert.Equal(t, 1, find(t, "v").Watchers)
}

// TestSeenIsAfterASlowLook has a look that takes long. The time of the look is at its end, also
// in the JSON.
func TestSeenIsAfterASlowLook(t *testing.T) {
	v := event.New(1)
	var setAt time.Time
	var armed atomic.Bool // Publish runs the function, too.
	view := event.Map(v, func(n int) int {
		if armed.CompareAndSwap(true, false) {
			v.Set(2) // While a look is in progress.
			setAt = time.Now()
		}
		return n
	})
	publish(t, "v", v)
	publish(t, "w", view)
	armed.Store(true)
	for range 2 {
		a := jsonOf(t, "/?format=json")
		for _, info := range a.Values {
			assert.False(t, a.At.Before(info.Seen))
		}
	}
	require.False(t, setAt.IsZero())
	for _, info := range inspect.Values() {
		assert.False(t, info.At.Before(info.Seen))
		assert.Equal(t, uint64(2), info.Version)
		assert.False(t, info.Seen.Before(setAt))
	}
}

// TestStateOfAViewBeforeTheFirstSet compares a view with its source.
func TestStateOfAViewBeforeTheFirstSet(t *testing.T) {
	var v event.MemoryValue[int]
	publish(t, "source", &v)
	publish(t, "view", event.Map(&v, func(n int) int { return n }))
	publish(t, "sum", event.Combine(&v, &v, func(a, b int) int { return a + b }))
	publish(t, "where", event.Where(&v, func(int) bool { return true })) // Does not report whether it has data.
	for want, name := range map[string][]string{"no data": {"source", "view", "sum"}, "open": {"where"}} {
		for _, n := range name {
			assert.Equal(t, want, find(t, n).State, n)
		}
	}
	v.Set(1)
	for _, info := range inspect.Values() {
		assert.Equal(t, "open", info.State, info.Name)
	}
}

// TestPublishOfAViewThatPanics has a panic whose text is another panic.
func TestPublishOfAViewThatPanics(t *testing.T) {
	view := event.Map(event.New(1), func(int) int { panic(selfPanic{"hunter2"}) })
	publish(t, "view", view)
	info := find(t, "view")
	assert.Equal(t, "panic: an error of type inspect_test.selfPanic", info.Problem)
	assert.Equal(t, "failing", info.State)
}
