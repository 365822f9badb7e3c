// Command scenarios searches the scenarios. It works only if it is built with
// the overlay of package explore.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"

	"github.com/eventvalue/event/internal/verify/explore/inspect"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

func main() {
	pattern := flag.String("run", "", "search the scenarios whose name matches")
	full := flag.Bool("full", false, "search the long scenarios too, and all with their full bound")
	replay := flag.Uint64("replay", 0, "print the schedule of this number instead of searching")
	limit := flag.Uint64("limit", 0, "schedules per scenario (0: no limit)")
	flag.Parse()
	if inspect.Head == nil {
		fmt.Fprintln(os.Stderr, "not built with the overlay: go test ./internal/verify/explore does that")
		os.Exit(2)
	}
	go exitWithParent()
	debug.SetGCPercent(800)
	which := regexp.MustCompile(*pattern)
	out := json.NewEncoder(os.Stdout)
	for _, s := range all() {
		if !which.MatchString(s.Name) || s.Long && !*full && *replay == 0 {
			continue
		}
		bound := s.Bound
		if *full && s.FullBound != 0 {
			bound = s.FullBound
		}
		if *replay != 0 {
			printTrace(s, bound, *replay)
			continue
		}
		if err := out.Encode(sched.Explore(s, bound, *limit)); err != nil {
			panic(err)
		}
	}
}

// exitWithParent exits when the process that started the program has exited. It
// notices that because standard input ends.
func exitWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(1)
}

// printTrace prints the schedule of s with the given number.
func printTrace(s *sched.Scenario, bound int, number uint64) {
	trace, err := sched.Replay(s, bound, number)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Print(trace)
}

// all returns the scenarios, the quick ones first.
func all() []*sched.Scenario {
	var all []*sched.Scenario
	for _, some := range [][]*sched.Scenario{
		broadcasts(), waiters(), groups(), sweeps(), values(), contexts(), changes(), closes(), relays(), views(), sources(), untils(), memos(), large(),
	} {
		all = append(all, some...)
	}
	return all
}
