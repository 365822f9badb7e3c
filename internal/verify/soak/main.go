// Soak keeps many watchers on many values busy, for as long as it is told to, checks what every
// call returns, and ends with a verdict.
//
//	go run ./internal/verify/soak -for 10m
//
// The values are set in bursts with pauses between them, and now and then closed and replaced.
// The watchers Get in every way there is, under contexts that end, give up, are closed by
// themselves and by others, and watch anew. On a terminal it shows one line that
// is written over every second; elsewhere, one line every ten seconds. The exit code is 0 if all
// was as it must be, 1 if not, 2 for wrong flags.
//
// What is checked: each watcher goes strictly forward, and never behind what was newest when its
// Get began; nothing is torn or of another value; no value is returned that was set after the
// end of the context; errors come for their reason only; the final value is seen before
// the end; whoever waits for long has a reason to. And in the end: no goroutine is left, and
// the heap was flat.
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
	flag.DurationVar(&c.duration, "for", 10*time.Minute, "how long")
	flag.IntVar(&c.values, "values", 300, "how many values")
	flag.IntVar(&c.watchers, "watchers", 5000, "how many watching goroutines")
	flag.IntVar(&c.producers, "producers", runtime.GOMAXPROCS(0), "how many setting goroutines")
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
