package explore_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/verify/explore"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

var (
	full     = flag.Bool("full", false, "search the long scenarios too, and all with their full bound")
	scenario = flag.String("scenario", "", "search the scenarios whose name matches")
	replay   = flag.Uint64("replay", 0, "print the schedule of this number of -scenario, a whole name, instead of searching")
	update   = flag.Bool("update", false, "write README.md, the table of what was searched")
)

// TestEveryInterleaving searches all scenarios. None fails, and none is cut off
// before it is exhausted within its bound.
func TestEveryInterleaving(t *testing.T) {
	if testing.Short() && !*full {
		t.Skip("searches for a quarter of a minute")
	}
	ctx := withinDeadline(t)
	p, err := explore.Build(ctx, t.TempDir(), nil)
	require.NoError(t, err)
	o := explore.Options{Pattern: *scenario, Full: *full, Progress: os.Stderr}
	if *replay != 0 {
		trace, err := p.Replay(ctx, o, *scenario, *replay)
		require.NoError(t, err)
		t.Log("\n" + trace)
		return
	}
	var results []sched.Result
	err = p.Run(ctx, o, func(r sched.Result) bool {
		results = append(results, r)
		if r.Failure != "" {
			t.Errorf("%s: schedule %d: %s\n%s\nonce more: go test ./internal/verify/explore -v -args -full=%t -scenario '%s' -replay %d",
				r.Scenario, r.Schedules, r.Failure, r.Trace, *full, r.Scenario, r.Schedules)
		} else if !r.Exhausted || r.Schedules < 2 {
			t.Errorf("%s: %d schedules, exhausted: %t", r.Scenario, r.Schedules, r.Exhausted)
		}
		t.Log(row(r.Scenario, r))
		return true
	})
	require.NoError(t, err)
	require.NotEmpty(t, results, "no scenario matches")
	if *update && !t.Failed() {
		require.NoError(t, os.WriteFile("README.md", []byte(readme+table(results)), 0o666))
	}
}

// withinDeadline returns a context that ends before the test is killed, which
// would report less.
func withinDeadline(t *testing.T) context.Context {
	ctx := t.Context()
	if end, ok := t.Deadline(); ok {
		var cancel func()
		ctx, cancel = context.WithDeadline(ctx, end.Add(-5*time.Second))
		t.Cleanup(cancel)
	}
	return ctx
}

// lookThenSeal makes Fire read the stack first, and seal it in a second step.
func lookThenSeal(file string, text []byte) ([]byte, error) {
	if file != "internal/park/broadcast.go" {
		return text, nil
	}
	const seal = "if top := b.top.Swap(&sealed); "
	if bytes.Count(text, []byte(seal)) != 1 {
		return nil, fmt.Errorf("not there: %s", seal)
	}
	return bytes.Replace(text, []byte(seal), []byte("top := b.top.Load(); b.top.Store(&sealed); if "), 1), nil
}

// TestBuildMissesAConstant shows that a constant that is renamed is noticed.
func TestBuildMissesAConstant(t *testing.T) {
	_, err := explore.Build(t.Context(), t.TempDir(), func(_ string, text []byte) ([]byte, error) {
		return bytes.ReplaceAll(text, []byte("batchLength"), []byte("another")), nil
	})
	assert.ErrorContains(t, err, `no explored package has the constants ["batchLength"]`)
}

// TestFailingScheduleIsToldAndReplayed shows what becomes of a bug.
func TestFailingScheduleIsToldAndReplayed(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	ctx := withinDeadline(t)
	p, err := explore.Build(ctx, t.TempDir(), lookThenSeal)
	require.NoError(t, err)
	o := explore.Options{Pattern: "^broadcast/wait$"}
	var r sched.Result
	require.NoError(t, p.Run(ctx, o, func(found sched.Result) bool { r = found; return true }))
	require.Contains(t, r.Failure, "asleep for good")
	assert.False(t, r.Exhausted)

	// The trace shows each step with the file and line of the original source.
	assert.Regexp(t, `(?m)^ *\d+ [ >] wait \d +CompareAndSwap = true +park/stack\.go:\d+ .*b\.top\.CompareAndSwap`, r.Trace)
	assert.Regexp(t, `(?m)^ *\d+ > fire +Store +park/broadcast\.go:\d+ .*b\.top\.Store`, r.Trace)
	assert.Regexp(t, `(?m)^ +wait \d +waits$`, r.Trace)
	t.Logf("schedule %d:\n%s", r.Schedules, r.Trace)

	trace, err := p.Replay(ctx, o, r.Scenario, r.Schedules)
	require.NoError(t, err)
	assert.Equal(t, r.Trace, trace)
	before, err := p.Replay(ctx, o, r.Scenario, r.Schedules-1)
	require.NoError(t, err)
	assert.NotContains(t, before, "asleep for good")
	_, err = p.Replay(ctx, o, r.Scenario, r.Schedules+1)
	assert.ErrorContains(t, err, "the last schedule")
}

const readme = `# Every interleaving: what was searched

Written by ` + "`go test ./internal/verify/explore -args -full -update`" + `. The columns: the bound on
preemptions in a schedule ("all": no bound), the schedules, the schedules that ended at a known state, the steps, the
states with a choice, and the seconds. Each scenario was exhausted within its bound, and none failed.

`

// table is a table of results in Markdown.
func table(results []sched.Result) string {
	var w strings.Builder
	sum := sched.Result{Bound: noBound}
	w.WriteString("| scenario | preemptions | schedules | cut | steps | states | s |\n|---|---|--:|--:|--:|--:|--:|\n")
	for _, r := range results {
		w.WriteString(row(r.Scenario, r) + "\n")
		sum.Schedules += r.Schedules
		sum.Cut += r.Cut
		sum.Steps += r.Steps
		sum.States += r.States
		sum.Seconds += r.Seconds
	}
	w.WriteString(row(fmt.Sprintf("%d scenarios", len(results)), sum) + "\n")
	return w.String()
}

const noBound = -2

func row(name string, r sched.Result) string {
	bound := fmt.Sprint(r.Bound)
	switch r.Bound {
	case sched.Unlimited:
		bound = "all"
	case noBound:
		bound = ""
	}
	return fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %.1f |", name, bound, r.Schedules, r.Cut, r.Steps, r.States, r.Seconds)
}
