package simulation

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// A run is a run of a scenario.
type run struct {
	*world
	sc   Scenario
	etcd remote.Store

	// Only the goroutine that does the steps uses these maps.
	values map[string]*remote.Value[string]
	ranges map[string]*remote.Range[string]

	ctx            context.Context // ends the readers
	hurry          chan struct{}   // closed when slow readers must not be slow any more
	group          sync.WaitGroup  // steps in progress
	readersGroup   sync.WaitGroup
	readers        []*reader
	done           []*write
	writes         int
	permittedSince time.Time
}

// Run runs the scenario in the bubble of the caller, and returns what was wrong.
func (sc Scenario) Run(hooks Hooks) []string {
	start := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	w := newWorld(sc.Params, hooks)
	w.client = newClient(w)
	r := &run{
		world: w, sc: sc, ctx: ctx, hurry: make(chan struct{}),
		etcd:   traced{etcd.New(w.client.kv, w.client.watcher), sc},
		values: make(map[string]*remote.Value[string]),
		ranges: make(map[string]*remote.Range[string]),
	}
	r.locked(func() {
		for i := range sc.keys {
			r.commitNew(r.key(i), sc.valueSize)
		}
	})
	for _, s := range sc.Steps {
		time.Sleep(s.At - time.Since(start))
		sc.trace("step %v", s)
		actions[s.Do](r, s)
	}
	time.Sleep(sc.End - time.Since(start))
	r.group.Wait()
	r.settle()
	r.fallSilent()
	r.shutDown(cancel)
	return r.violations
}

// violate is report with the mutex held.
func (w *world) violate(format string, args ...any) {
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// traced is a Store that traces its batches.
type traced struct {
	remote.Store
	sc Scenario
}

// Follow implements [remote.Store].
func (t traced) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	err := t.Store.Follow(ctx, scope, func(b remote.Batch) error {
		t.sc.trace("%v: revision %d, full %v, more %v, broken %v, %d changes", scope, b.Revision, b.Full, b.More, b.Broken, len(b.Changes))
		return apply(b)
	})
	t.sc.trace("%v: Follow returns %v", scope, err)
	return err
}

// trace passes text to Trace, with the time.
func (sc Scenario) trace(format string, args ...any) {
	if sc.Trace != nil {
		sc.Trace(time.Now().Format("04:05.000 ") + fmt.Sprintf(format, args...))
	}
}
