package remote_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// watchdog is the time limit of a stress test.
const watchdog = time.Minute

// TestStress opens, reads and closes watchers in real time, while several
// goroutines write and connections break.
func TestStress(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), watchdog)
	defer cancel()
	fake := &remotetest.Fake{PieceSize: 2}
	store := &counting{Store: fake}
	one := remote.NewValue(store, "p/0", remote.String())
	all := remote.NewRange(store, "p/", remote.String())
	var readers, watchers, faults sync.WaitGroup
	done, stop := context.WithCancel(ctx)
	defer stop()
	for range 8 {
		readers.Go(func() { readUntilLast(ctx, t, one, "p/0") })
		readers.Go(func() { readUntilLast(ctx, t, all, "p/last") })
		readers.Go(func() { readUntilLast(ctx, t, all.Value("p/last"), "p/last") })
		watchers.Go(func() { openAndClose(done, t, one) })
		watchers.Go(func() { openAndClose(done, t, all) })
		watchers.Go(func() { openAndClose(done, t, all.Value("p/1")) })
	}
	faults.Go(func() { injectFaults(done, fake) })
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for n := range 500 {
				key := fmt.Sprint("p/", n%10)
				if n%7 == i {
					remove(t, fake, key)
				} else {
					put(t, fake, key, fmt.Sprint(i, ".", n))
				}
			}
		})
	}
	writers.Wait()
	stop()
	faults.Wait()
	fake.Heal()
	put(t, fake, "p/0", "last")
	put(t, fake, "p/last", "last")
	readers.Wait()
	watchers.Wait()
	require.NoError(t, one.Close())
	require.NoError(t, all.Close())
	_, err := event.Wait(ctx, &store.running, func(n int) bool { return n == 0 })
	assert.NoError(t, err, "all Follows end")
}

// readUntilLast follows v until key has the last value, and checks that no
// revision goes back.
func readUntilLast(ctx context.Context, t *testing.T, v event.ValueWatch[entry], key string) {
	revisions := make(map[string]int64)
	for e, err := range event.All(ctx, v) {
		if !assert.NoError(t, err) {
			return
		}
		if e.Present {
			assert.Greater(t, e.Revision, revisions[e.Key], e.Key)
			revisions[e.Key] = e.Revision
		}
		if e.Key == key && e.Value == "last" {
			return
		}
	}
}

// openAndClose opens and closes watchers of v until ctx ends.
func openAndClose(ctx context.Context, t *testing.T, v event.ValueWatch[entry]) {
	for ctx.Err() == nil {
		w := v.Watch()
		for range rand.IntN(3) {
			if _, err := w.Get(ctx); err != nil {
				assert.True(t, errors.Is(err, context.Canceled), err)
			}
		}
		w.Changed()
		assert.NoError(t, w.Close())
	}
}

// injectFaults breaks and heals connections until ctx ends.
func injectFaults(ctx context.Context, fake *remotetest.Fake) {
	for n := 0; ctx.Err() == nil; n++ {
		runtime.Gosched()
		switch n % 5 {
		case 0:
			fake.Cut(errors.New("cable"))
		case 1, 4:
			fake.Heal()
		case 2:
			fake.Restart()
		case 3:
			fake.Compact()
		}
	}
}
