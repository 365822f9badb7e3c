//go:build unix

package event_test

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/eventvalue/event"
)

// A process is terminated, and killed if that takes too long.
func ExampleRunWhile_process() {
	var args event.MemoryValue[string]
	args.Set("60")

	keep := func(old, next string) bool { return old == next }
	err := event.RunWhile(context.Background(), &args, keep, func(ctx context.Context, arg string) error {
		cmd := exec.CommandContext(ctx, "sleep", arg)
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = time.Minute
		fmt.Println("sleep", arg)
		if arg == "60" {
			args.Set("90")
		} else {
			args.Close()
		}
		err := cmd.Run() // Returns "signal: terminated" after a change.
		if ctx.Err() != nil {
			return nil // context.Cause(ctx) has the reason.
		}
		return err
	})
	fmt.Println(err)
	// Output:
	// sleep 60
	// sleep 90
	// event: value closed
}
