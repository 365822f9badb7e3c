// Soak uses many values and watchers for a given time, checks the result of
// every call, and prints a verdict.
//
//	go run ./internal/verify/soak -for 10m
//
// The producers set the values in bursts with pauses. They sometimes close a
// value and replace it. The watching goroutines call Get with all options and
// under contexts that end. They close their watchers, other goroutines close
// them too, and they make new ones. On a terminal, Soak rewrites one line every
// second. Otherwise it prints a line every ten seconds. The exit code is 0 if
// there was no violation, 1 if there was one, and 2 for wrong flags.
//
// Soak checks during the run:
//
//   - Each watcher returns newer and newer values.
//   - A Get returns a value at least as new as the newest value when it began.
//   - No value is torn or belongs to another stream.
//   - No value is returned that was set after the end of the context.
//   - An error is returned only for its reason.
//   - The final value is returned before ErrClosed.
//   - No goroutine waits for long without a reason.
//
// Soak checks at the end that no goroutine is left and that the heap has not
// grown.
package main

import (
	"flag"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/eventvalue/event"
)

func main() {
	c := config{patience: time.Minute, fresh: func() value { return new(event.MemoryValue[item]) }}
	flag.DurationVar(&c.duration, "for", 10*time.Minute, "duration of the run")
	flag.IntVar(&c.values, "values", 300, "number of values")
	flag.IntVar(&c.watchers, "watchers", 5000, "number of watching goroutines")
	flag.IntVar(&c.producers, "producers", runtime.GOMAXPROCS(0), "number of setting goroutines")
	flag.DurationVar(&c.pause, "pause", time.Millisecond, "mean pause of a producer between two bursts")
	flag.Parse()
	if flag.NArg() > 0 || c.values < 1 || c.watchers < 1 || c.producers < 1 || c.pause < 0 || c.duration <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	if !run(c, newScreen(os.Stdout), interrupted) {
		os.Exit(1)
	}
}
