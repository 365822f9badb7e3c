// Cluster shows processes that share a table of feature flags and elect a
// leader, in etcd.
//
//	cluster                       starts an etcd in itself
//	cluster -endpoints a,b,c      uses one that runs, and keys that begin with example-cluster/
//
// It starts some nodes, which are separate processes. It changes flags, kills
// the leader, starts it again, and shows the view of each node.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/mattn/go-isatty"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // A second Ctrl-C kills the program.
	nodeMain(ctx)
	live := isatty.IsTerminal(os.Stdout.Fd()) && os.Getenv("TERM") != "dumb"
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, live))
}

// run is the program. It returns the exit code: 0 for success, 1 for a failure,
// and 2 for wrong arguments.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, live bool) int {
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(stderr)
	endpoints := flags.String("endpoints", "", "the endpoints of etcd, with commas between them; if empty, one is started")
	nodes := flags.Int("nodes", 3, "number of nodes")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		flags.Usage()
		return 2
	case *nodes < 2 || *nodes > 20:
		fmt.Fprintf(stderr, "cluster: -nodes %d is not between 2 and 20\n", *nodes)
		return 2
	}
	var addrs []string
	if *endpoints != "" {
		addrs = strings.Split(*endpoints, ",")
	}
	screen := NewScreen(stdout, live)
	err := runDemo(ctx, addrs, *nodes, screen)
	screen.Close()
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "cluster:", err)
		return 1
	}
	return 0
}
