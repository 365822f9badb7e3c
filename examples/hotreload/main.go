// Hotreload shows ten thousand goroutines that follow a configuration file.
//
// The file is followed by package file, and published as an Event Value. Each
// worker has its own watcher. If the file is not valid, the last valid
// configuration stays in force.
//
//	hotreload [-workers n]         edits a file of its own and measures how the edits arrive
//	hotreload [-workers n] file    follows a TOML, YAML or JSON file until it is interrupted
//
// With -http and an address, it also serves the page of package inspect.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/mattn/go-isatty"
)

const maxWorkers = 1_000_000

// The options are the flags.
type options struct {
	workers int
	page    string // the address of the page, or ""
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // A second Ctrl-C kills the program.
	live := isatty.IsTerminal(os.Stdout.Fd()) && os.Getenv("TERM") != "dumb"
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, live))
}

// run is the program. It returns the exit code: 0 for success, 1 for a failure,
// and 2 for wrong arguments.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, live bool) int {
	flags := flag.NewFlagSet("hotreload", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: hotreload [-workers n] [-http address] [file]")
		flags.PrintDefaults()
	}
	var o options
	flags.IntVar(&o.workers, "workers", 10_000, "number of goroutines that follow the configuration")
	flags.StringVar(&o.page, "http", "", "`address` of a page with the values, such as localhost:0")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case o.workers < 1 || o.workers > maxWorkers:
		fmt.Fprintf(stderr, "hotreload: -workers %d is not between 1 and %d\n", o.workers, maxWorkers)
		return 2
	case flags.NArg() > 1:
		flags.Usage()
		return 2
	}

	screen := NewScreen(stdout, live)
	var err error
	if flags.NArg() == 1 {
		err = followFile(ctx, flags.Arg(0), o, screen)
	} else {
		err = runDemo(ctx, o, screen)
	}
	if err != nil {
		fmt.Fprintln(stderr, "hotreload:", err)
		return 1
	}
	return 0
}
