package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// writeHeader writes the configuration lines that hold for the whole run.
func (o *options) writeHeader(ctx context.Context, w io.Writer, sum string) error {
	_, err := fmt.Fprintf(w, "commit: %s\nbinaries: %s\ngoversion: %s\ngomaxprocs: %d\ndate: %s\ncommand: %s\nrounds: %d\n",
		o.commit(ctx), sum, runtime.Version(), runtime.GOMAXPROCS(0),
		time.Now().UTC().Format(time.RFC3339), o.command, o.rounds)
	return err
}

// commit returns the name of the commit that is checked out. It adds a suffix
// if the code differs from the commit.
func (o *options) commit(ctx context.Context) string {
	head, err := command(ctx, o.root, "git", "rev-parse", "--short=10", "HEAD")
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(head))
	changed, err := command(ctx, o.root, "git", "status", "--porcelain", "--", "*.go", "*go.mod", "*go.sum")
	if err != nil || len(changed) > 0 {
		name += "-modified"
	}
	return name
}

// loadAverage returns the load average of the last minute, or "unknown".
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
