package integration

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

// A follower is a watcher of a range, and what it has been told.
type follower struct {
	t    *testing.T
	done chan struct{}
	beat event.MemoryValue[struct{}] // set after each entry

	mu     sync.Mutex
	table  map[string]string
	newest map[string]int64 // revisions of what was there
}

// startFollowers starts n followers of values.
func startFollowers(t *testing.T, values *remote.Range[string], n int) (all []*follower) {
	for range n {
		f := &follower{t: t, done: make(chan struct{}), table: map[string]string{}, newest: map[string]int64{}}
		w := values.Watch()
		go f.run(w)
		t.Cleanup(func() { _ = w.Close(); <-f.done })
		all = append(all, f)
	}
	return all
}

// run checks that no key goes backwards, for the store never does.
func (f *follower) run(w event.Watcher[remote.Entry[string]]) {
	defer close(f.done)
	for {
		e, err := w.Get(context.Background())
		if err != nil {
			return
		}
		f.mu.Lock()
		if newest := f.newest[e.Key]; e.Present && e.Revision <= newest {
			f.t.Errorf("key %q goes from revision %d to %d", e.Key, newest, e.Revision)
		}
		if e.Present {
			f.newest[e.Key] = e.Revision
		}
		if e.Restart {
			clear(f.newest) // Each may come again, though not older; that the recorder checks.
		}
		e.Apply(f.table)
		f.mu.Unlock()
		f.beat.Set(struct{}{})
	}
}

// has waits until the watcher has been told that, or ctx ends.
func (f *follower) has(ctx context.Context, want map[string]string) bool {
	_, err := event.Wait(ctx, &f.beat, func(struct{}) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		for k, v := range f.table {
			if want[k] != fmt.Sprintf("%s@%d", v, f.newest[k]) {
				return false
			}
		}
		return len(f.table) == len(want)
	})
	return err == nil
}
