package fuzz

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	op "github.com/eventvalue/event/internal/verify/model/replay"
)

var update = flag.Bool("update", false, "write the seeds to testdata/fuzz")

// TestSeedsAreCommitted checks that the corpora contain the seeds below. go
// test ./fuzz -run Seeds -update writes them. The inputs that the fuzzer has
// found are in the same directories, under the names that the fuzzer gave them.
func TestSeedsAreCommitted(t *testing.T) {
	for target, seeds := range map[string][]seed{
		"FuzzValue": valueSeeds, "FuzzWatchers": watcherSeeds, "FuzzNotify": notifySeeds,
	} {
		dir := filepath.Join("testdata", "fuzz", target)
		for _, s := range seeds {
			file := filepath.Join(dir, s.name)
			want := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", s.program())
			if *update {
				require.NoError(t, os.MkdirAll(dir, 0o777))
				require.NoError(t, os.WriteFile(file, []byte(want), 0o666))
			}
			got, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, want, string(got), "%s: run with -update", file)
		}
	}
}

// A seed is a program with a name.
type seed struct {
	name  string
	steps []step
}

// A step is an operation and its arguments.
type step = [stepSize]byte

func (s seed) program() (p []byte) {
	for _, st := range s.steps {
		p = append(p, st[:]...)
	}
	return p
}

var valueSeeds = []seed{
	{"first-get-returns-current", []step{{op.Set, 0, 1}, {op.Set, 0, 2}, {op.Get}, {op.Backlog}, {op.Get}}},
	{"set-wakes", []step{{op.Get}, {op.Set, 0, 1}, {op.Get}, {op.Set, 0, 1}, {op.Get}, {op.Set, 0, 2}}},
	{"same-context-again-and-another", []step{
		{op.Get}, {op.Set}, {op.Get}, {op.Set}, {op.Get}, {op.Set}, {op.Get, 0, 1}, {op.Cancel, 0}, {op.Set},
		{op.Get, 0, 1}, {op.Cancel, 1}, {op.Get, 0, 1},
	}},
	{"cancel-then-set", []step{{op.Get}, {op.CancelThenSet, 0, 0, 1}, {op.NewContext, 0}, {op.Backlog}}},
	{"ended-context-wins", []step{{op.Set}, {op.Cancel}, {op.Get}, {op.Backlog}, {op.CloseWatcher}, {op.Get}}},
	{"filter-passes-backlog", []step{
		{op.Set, 0, 1}, {op.Backlog, 0, 0, op.Even}, {op.Backlog}, {op.Set, 0, 2}, {op.Backlog, 0, 0, op.Even},
		{op.Set, 0, 3}, {op.Get, 0, 0, op.Even}, {op.Changed}, {op.Cancel, 0}, {op.Backlog, 0, 1},
	}},
	{"rejected-is-unseen-after-cancel", []step{
		{op.Set, 0, 1}, {op.Get, 0, 0, op.Even}, {op.Set, 0, 3}, {op.Set, 0, 200}, {op.Set, 0, 1},
		{op.Get, 0, 0, op.EvenSmall}, {op.Set, 0, 200}, {op.Cancel}, {op.Changed}, {op.Get, 0, 1},
	}},
	{"concurrent-get", []step{{op.Get}, {op.Get, 0, 1}, {op.Backlog}, {op.Changed}, {op.Set}, {op.Get}}},
	{"changed-stays-one-channel", []step{
		{op.Changed}, {op.Changed}, {op.Set}, {op.Changed}, {op.Get}, {op.Changed}, {op.Changed}, {op.Update, 0, 1, 1},
		{op.Update, 0, 1, 2}, {op.Changed}, {op.Update}, {op.Changed},
	}},
	{"close-watcher", []step{{op.Get}, {op.Changed}, {op.CloseThenSet}, {op.Get}, {op.Changed}, {op.CloseWatcher}}},
	{"close-value", []step{
		{op.Set, 0, 1}, {op.CloseValue, 0, 1}, {op.CloseValue}, {op.Set, 0, 2}, {op.Update}, {op.Get}, {op.Get},
		{op.Watch}, {op.Backlog, 0, 0, op.Nothing}, {op.Backlog}, {op.Changed},
	}},
	{"close-value-parked", []step{{op.Get}, {op.Changed}, {op.CloseValue}, {op.Get}, {op.Watch}, {op.Backlog}}},
	{"predicates-call-back", []step{
		{op.Set}, {op.Get, 0, op.With(0, op.Loads), op.Anything}, {op.Set}, {op.Get, 0, op.With(0, op.Gets), op.Anything},
		{op.Set}, {op.Get, 0, op.With(0, op.Panics), op.Even}, {op.Get, 0, op.With(0, op.Takes), op.Even},
		{op.Set}, {op.Backlog, 0, op.With(0, op.Sets), op.Nothing}, {op.Backlog, 0, op.With(0, op.Updates), op.Even},
		{op.Backlog, 0, op.With(0, op.Cancels), op.Even}, {op.Backlog, 0, op.With(1, op.Ends), op.Odd},
		{op.Backlog, 0, op.With(1, op.Leaves), op.Even},
	}},
	{"final-value-comes-during-backlog", []step{
		{op.Set}, {op.Backlog, 0, op.With(0, op.Finishes), op.Nothing}, {op.Get}, {op.Get},
	}},
	{"timeout", []step{{op.NewContext, 0, op.Timeout}, {op.Get}, {op.Advance}, {op.Get}, {op.Set}, {op.Get, 0, 1}}},
	{"sweep", []step{{op.Set}, {op.Get}, {op.Get}, {op.Changed}, {op.Crowd, 0, 99}, {op.Changed}, {op.Crowd, 0, 99}, {op.Set}}},
}

var watcherSeeds = []seed{
	{"set-wakes-all", []step{
		{op.Watch, 0, 1}, {op.Watch, 0, 2}, {op.Watch, 0, 4}, {op.Get, 0}, {op.Get, 1}, {op.Get, 2}, {op.Get, 3},
		{op.Get, 4}, {op.Set, 0, 1}, {op.Set, 1, 1}, {op.Set, 2, 1},
	}},
	{"one-context-for-all", []step{
		{op.Get, 0}, {op.Get, 1}, {op.Get, 2}, {op.Get, 3}, {op.Get, 4, 1}, {op.Cancel, 0}, {op.Get, 0, 1}, {op.Cancel, 1},
	}},
	{"foreign-contexts", []step{
		{op.NewContext, 0, op.Foreign}, {op.NewContext, 1, op.Child, 0}, {op.Get, 0}, {op.Set, 0}, {op.Get, 0},
		{op.Set, 0}, {op.Get, 0}, {op.Get, 1, 1}, {op.Set, 1}, {op.Get, 1, 1}, {op.Set, 1}, {op.Get, 1, 1},
		{op.CloseWatcher, 1}, {op.Cancel, 0},
	}},
	{"endless-context", []step{
		{op.NewContext, 0, op.Endless}, {op.Get, 0}, {op.Set, 0}, {op.Get, 0}, {op.Cancel, 0}, {op.Get, 0, 1},
		{op.CloseWatcher, 0}, {op.Get, 1}, {op.CloseValue, 1}, {op.Get, 2}, {op.Renew, 2}, {op.Set, 2},
	}},
	{"filters-apart", []step{
		{op.Watch, 0, 1}, {op.Watch, 0, 2}, {op.Get, 0, 0, op.Even}, {op.Get, 1, 0, op.Odd}, {op.Get, 2, 0, op.Nothing},
		{op.Set, 0, 1}, {op.Set, 0, 2}, {op.CancelThenSet, 0, 0, 4}, {op.Get, 2, 1},
	}},
	{"sweep-leaves-the-living", []step{
		{op.Watch, 0, 1}, {op.Watch, 0, 2}, {op.Get, 0}, {op.Changed, 1}, {op.Crowd, 0, 99}, {op.Get, 2, 1},
		{op.Crowd, 0, 99}, {op.Changed, 1}, {op.Crowd, 0, 70}, {op.Set, 0, 7},
	}},
	{"sweep-then-cancel", []step{
		{op.Watch, 0, 1}, {op.Get, 0}, {op.Get, 1, 1}, {op.Crowd, 0, 99}, {op.Cancel, 0}, {op.Crowd, 0, 99},
		{op.CloseThenSet, 1, 1}, {op.Get, 0, 1},
	}},
	{"dropped-while-waiting", []step{{op.Get, 0}, {op.Watch, 1, 0}, {op.Get, 0}, {op.Set, 0}, {op.Set, 1}}},
	{"value-ends-for-all", []step{
		{op.Watch, 0, 1}, {op.Watch, 0, 2}, {op.Set, 0, 1}, {op.Get, 0}, {op.Get, 0}, {op.Get, 1, 0, op.Nothing},
		{op.Changed, 0}, {op.CloseValue, 0, 1}, {op.Get, 2}, {op.Get, 2}, {op.Changed, 2},
	}},
	{"predicate-sets-for-others", []step{
		{op.Watch, 0, 1}, {op.Watch, 0, 2}, {op.Get, 1}, {op.Set, 0, 1}, {op.Get, 1}, {op.Get, 2, 0, op.Odd},
		{op.Backlog, 0, op.With(0, op.Sets), op.Anything}, {op.Get, 1}, {op.Backlog, 0, op.With(2, op.Cancels), op.Odd},
		{op.Backlog, 0, op.With(1, op.Ends), op.Odd},
	}},
}

var notifySeeds = []seed{
	{"fire-wakes", []step{{op.Wait, 0}, {op.WaiterWait, 0}, {op.Done, 0}, {op.Fire, 0}, {op.Wait, 0}, {op.Done, 0}}},
	{"waiter-goes-on", []step{
		{op.WaiterWait, 0}, {op.Fire, 0}, {op.WaiterWait, 0, 0, 1}, {op.Fire, 1}, {op.WaiterWait, 0, 0, 2}, {op.Fire, 2},
		{op.NewBroadcast, 0}, {op.WaiterWait, 0, 1, 0}, {op.NotifyCancel, 0}, {op.NotifyCancel, 1},
	}},
	{"cancel-then-fire", []step{{op.WaiterWait, 0}, {op.Wait, 0}, {op.CancelThenFire, 0, 0}, {op.WaiterWait, 0}}},
	{"close-then-fire", []step{{op.WaiterWait, 0}, {op.CloseThenFire, 0, 0}, {op.WaiterWait, 0}, {op.WaiterClose, 0}}},
	{"gives-up-and-comes-back", []step{
		{op.WaiterWait, 0}, {op.NotifyCancel, 0}, {op.WaiterWait, 0, 1}, {op.NotifyNewContext, 0},
		{op.WaiterWait, 0, 0}, {op.NotifyCancel, 1}, {op.WaiterWait, 0, 0}, {op.Fire, 0},
	}},
	{"done-is-one-channel", []step{
		{op.Done, 0}, {op.WaiterDone, 0, 0}, {op.WaiterDone, 1, 0}, {op.Wait, 0}, {op.Done, 0}, {op.WaiterDone, 0, 1},
		{op.WaiterDone, 0, 0}, {op.Fire, 0}, {op.WaiterDone, 0, 0},
	}},
	{"done-survives-a-sweep", []step{
		{op.Done, 0}, {op.WaiterWait, 0}, {op.NotifyCrowd, 0, 99}, {op.Done, 0}, {op.NotifyCrowd, 0, 99},
		{op.WaiterDone, 1, 0}, {op.Fire, 0},
	}},
	{"sweep-leaves-the-living", []step{
		{op.WaiterWait, 0}, {op.Wait, 0}, {op.WaiterWait, 1}, {op.NotifyCrowd, 0, 80}, {op.WaiterWait, 2},
		{op.WaiterClose, 1}, {op.NotifyCrowd, 0, 80}, {op.Fire, 0},
	}},
	{"more-than-inline", []step{
		{op.Wait, 0}, {op.Wait, 0}, {op.Wait, 0}, {op.Wait, 0}, {op.Wait, 0}, {op.Wait, 0}, {op.Done, 0}, {op.Done, 0},
		{op.Done, 0}, {op.Done, 0}, {op.Done, 0}, {op.Done, 0}, {op.Fire, 0}, {op.Fire, 0},
	}},
	{"park", []step{
		{op.WaiterPark, 0}, {op.Fire, 0}, {op.WaiterPark, 0}, {op.WaiterPark, 0, 0, 1}, {op.NotifyCancel, 0},
		{op.WaiterPark, 0, 1, 1}, {op.WaiterClose, 0}, {op.NewWaiter, 0}, {op.WaiterPark, 0, 1, 1}, {op.Fire, 1},
	}},
	{"park-once-closed", []step{
		{op.WaiterPark, 0, 0, 0}, {op.Fire, 0}, {op.WaiterClose, 0}, {op.WaiterPark, 0, 0, 1},
		{op.WaiterWait, 0, 0, 2}, {op.NotifyCancel, 0},
	}},
	{"contexts", []step{
		{op.NotifyNewContext, 0, op.Foreign}, {op.NotifyNewContext, 1, op.Timeout}, {op.NotifyNewContext, 2, op.Child, 0},
		{op.WaiterWait, 0}, {op.WaiterWait, 1, 1}, {op.WaiterWait, 2, 2}, {op.NotifyAdvance}, {op.NotifyCancel, 0},
		{op.NotifyNewContext, 0, op.Endless}, {op.WaiterWait, 0}, {op.WaiterWait, 0}, {op.Fire, 0},
	}},
}
