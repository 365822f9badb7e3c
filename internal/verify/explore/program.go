package explore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// Options select the scenarios to search and limit the search.
type Options struct {
	Pattern  string    // a regular expression that matches the names of the scenarios
	Full     bool      // include the long scenarios, and search all with their full bound
	Limit    uint64    // schedules of each scenario; 0 means no limit
	Progress io.Writer // gets a line every few seconds during a long search
}

func (o Options) args() []string {
	args := []string{"-run", o.Pattern, "-limit", strconv.FormatUint(o.Limit, 10)}
	if o.Full {
		args = append(args, "-full")
	}
	return args
}

// Run searches scenarios and calls f with each result, until f returns false.
// It returns an error if ctx ends.
func (p *Program) Run(ctx context.Context, o Options, f func(sched.Result) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := p.command(ctx, o.args()...)
	if err != nil {
		return err
	}
	c.Stderr = o.Progress
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	for d := json.NewDecoder(out); ; {
		var r sched.Result
		err := d.Decode(&r)
		if errors.Is(err, io.EOF) {
			return c.Wait()
		}
		if err != nil || !f(r) {
			cancel()
			_ = c.Wait() // The error only reports that cancel killed the program.
			return err
		}
	}
}

// Replay returns the steps of a schedule of a scenario, by its number in the
// search with the options o. It repeats the search up to that schedule.
func (p *Program) Replay(ctx context.Context, o Options, scenario string, number uint64) (string, error) {
	o.Pattern = "^" + regexp.QuoteMeta(scenario) + "$"
	c, err := p.command(ctx, append(o.args(), "-replay", strconv.FormatUint(number, 10))...)
	if err != nil {
		return "", err
	}
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("replay: %w\n%s", err, out)
	}
	return string(out), nil
}

// command returns the program with arguments. The program is killed when ctx
// ends. It exits when this process exits, because that closes the pipe that is
// its standard input.
func (p *Program) command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	c := exec.CommandContext(ctx, p.path, args...)
	// A hand-off starts one chain for each processor. The search must not
	// depend on the machine, so the program uses one processor.
	c.Env = append(os.Environ(), sched.OverlayEnv+"="+p.overlay, "GOMAXPROCS=1")
	_, err := c.StdinPipe()
	return c, err
}
