package remotetest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/remote/remotetest"
)

// bugVariable names the bug to the process in which TestBroken runs the suite
// on it.
const bugVariable = "REMOTETEST_BUG"

// TestBroken is run by TestBugsAreCaught, in another process, and fails.
func TestBroken(t *testing.T) {
	b := bug(os.Getenv(bugVariable))
	if b == "" {
		t.Skip("not broken; see TestBugsAreCaught")
	}
	remotetest.Run(t, func(testing.TB) remotetest.Harness { return newBroken(b).harness() })
}

// TestBugsAreCaught runs on each bug the subtests that are for it, which must
// fail.
func TestBugsAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("many processes, which wait for what does not come")
	}
	for b, subtests := range caughtBy {
		for _, subtest := range subtests {
			t.Run(string(b)+"/"+subtest, func(t *testing.T) {
				t.Parallel()
				fails(t, b, subtest)
			})
		}
	}
}

// TestEachSubtestCanFail has at least one bug for each subtest.
func TestEachSubtestCanFail(t *testing.T) {
	caught := make(map[string]bool)
	for _, subtests := range caughtBy {
		for _, subtest := range subtests {
			caught[subtest] = true
		}
	}
	rules := remotetest.Rules()
	require.NotEmpty(t, rules)
	for _, rule := range rules {
		assert.True(t, caught[rule], "no bug is known to fail %s", rule)
	}
	assert.Len(t, caught, len(rules), "all subtests exist")
}

// fails fails the test unless the subtest fails on bug b.
func fails(t *testing.T, b bug, subtest string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(ctx, exe, "-test.timeout=50s",
		"-test.run=^TestBroken$/^"+strings.ReplaceAll(subtest, "/", "$/^")+"$")
	cmd.Env = append(os.Environ(), bugVariable+"="+string(b))
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Errorf("the process ends with %v instead of failed tests:\n%s", err, out)
	}
	assert.Regexp(t, regexp.MustCompile(`(?m)^ +--- FAIL: TestBroken/`+subtest+` `), string(out))
}
