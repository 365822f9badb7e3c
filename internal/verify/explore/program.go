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

// Options say what is searched, and how far.
type Options struct {
	Pattern  string    // scenarios whose name matches
	Full     bool      // also those that take long, and all with their full bound
	Limit    uint64    // schedules of each scenario, unless it is 0
	Progress io.Writer // tells of searches that take long
}

func (o Options) args() []string {
	args := []string{"-run", o.Pattern, "-limit", strconv.FormatUint(o.Limit, 10)}
	if o.Full {
		args = append(args, "-full")
	}
	return args
}

// Run searches scenarios and calls f with what each came to, until f returns false. The end of ctx
// is an error.
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
			_ = c.Wait() // It was killed: that it says so is no news.
			return err
		}
	}
}

// Replay tells a schedule of a scenario step by step, by its number in the search that o
// says. It repeats the search up to there.
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

// command returns the program with arguments. It is killed when ctx ends, and ends by itself
// when this process does: then the pipe that is its standard input is closed.
func (p *Program) command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	c := exec.CommandContext(ctx, p.path, args...)
	// One processor: a hand-off starts chains for each, and what is searched must not depend on the machine.
	c.Env = append(os.Environ(), sched.OverlayEnv+"="+p.overlay, "GOMAXPROCS=1")
	_, err := c.StdinPipe()
	return c, err
}
