package etcd_test

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/internal/simulation"
)

var (
	seeds   = flag.Int64("seeds", 200, "the number of seeds of TestSimulation")
	first   = flag.Int64("first", 1, "the first seed of TestSimulation")
	seed    = flag.Int64("seed", 0, "the only seed of TestSimulation, unless it is 0")
	trace   = flag.Bool("trace", false, "print what happens in TestSimulation")
	shrinks = flag.Int("shrinks", 200, "the greatest number of runs that shrink a seed of TestSimulation")
	tries   = flag.Int("tries", 1, "the number of runs of each seed of TestSimulation")
)

var hooks = simulation.Hooks{
	Meter: etcd.Meter,
	Own: func(w clientv3.Watcher, another func() clientv3.Watcher) clientv3.Watcher {
		return etcd.OwnWatcher{Watcher: w, New: another}
	},
}

// TestSimulation runs simulations by seed. It shrinks the first that fails.
func TestSimulation(t *testing.T) {
	// The order of events is the same in another run as far as possible.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if *seed != 0 {
		*first, *seeds = *seed, 1
	}
	for s := *first; s < *first+*seeds; s++ {
		sc := simulation.New(s)
		if *trace {
			sc.Trace = func(text string) { fmt.Println(text) }
		}
		for range *tries {
			if wrong := simulate(t, sc); len(wrong) > 0 {
				reportSimulation(t, sc, wrong)
				return
			}
		}
	}
}

// simulate runs sc in a bubble, and returns what was wrong.
func simulate(t *testing.T, sc simulation.Scenario) (wrong []string) {
	defer func() {
		if r := recover(); r != nil { // The bubble panics if a goroutine is left.
			wrong = append(wrong, fmt.Sprint(r))
			if sc.Trace != nil {
				stacks := make([]byte, 1<<20)
				sc.Trace(string(stacks[:runtime.Stack(stacks, true)]))
			}
		}
	}()
	synctest.Test(t, func(*testing.T) { wrong = sc.Run(hooks) })
	return wrong
}

// reportSimulation shrinks a scenario that fails, and prints what is left and
// what happens in it.
func reportSimulation(t *testing.T, sc simulation.Scenario, wrong []string) {
	var again, events []string
	small := sc.Shrink(*shrinks, func(less simulation.Scenario) bool {
		for range 2 {
			var lines []string
			less.Trace = func(text string) { lines = append(lines, text) }
			if wrong := simulate(t, less); len(wrong) > 0 {
				again, events = wrong, lines
				return true
			}
		}
		return false
	})
	t.Errorf("seed %d fails:\n%s\nThese steps are enough:\n%v\nThey fail:\n%s\nThe last events:\n%s\n"+
		"Replay: go -C etcd test -count 1 -run TestSimulation . -args -seed %d", sc.Seed, strings.Join(wrong, "\n"), small,
		strings.Join(again, "\n"), strings.Join(events[max(0, len(events)-40):], "\n"), sc.Seed)
}
