// Https serves HTTPS with a configuration and a certificate that are reloaded
// while thousands of connections are in use.
//
// A new message needs no restart. A new certificate is used by each new
// connection. A new address starts a new server, and the old server finishes
// its requests. If the new address is occupied, the old server stays.
//
//	https [-connections n]              changes files of its own and shows that no request fails
//	https config.toml cert.pem key.pem  serves until it is interrupted
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/eventvalue/event/file"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // A second Ctrl-C kills the program.
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. It returns the exit code: 0 for success, 1 for a failure,
// and 2 for wrong arguments.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("https", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: https [-connections n] [config.toml cert.pem key.pem]")
		flags.PrintDefaults()
	}
	connections := flags.Int("connections", 2000, "number of clients, each with a connection of its own")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case *connections < 1 || flags.NArg() != 0 && flags.NArg() != 3:
		flags.Usage()
		return 2
	}
	var err error
	if flags.NArg() == 3 {
		log := file.Logger(slog.New(slog.NewTextHandler(stderr, nil)))
		s := NewServer(flags.Arg(0), flags.Arg(1), flags.Arg(2), log)
		fmt.Fprintf(stdout, "serving %s; Ctrl-C ends it\n", flags.Arg(0))
		err = s.Serve(ctx)
	} else {
		err = runDemo(ctx, *connections, stdout)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "https:", err)
		return 1
	}
	return 0
}
