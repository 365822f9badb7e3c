package eventtest_test

import (
	"context"
	"errors"
	"flag"
	"iter"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/eventtest"
	"github.com/eventvalue/event/internal/testkit"
)

// bugVariable names the bug to the process in which TestBroken runs the suite
// on it.
const bugVariable = "EVENTTEST_BUG"

// TestBroken is run by TestBugsAreCaught, in another process, and fails.
func TestBroken(t *testing.T) {
	b := bug(os.Getenv(bugVariable))
	if b == "" {
		t.Skip("not broken; see TestBugsAreCaught")
	}
	eventtest.SetPatience(time.Second)
	eventtest.Run(t, func(testing.TB) eventtest.Subject { return eventtest.Of(newReference(b)) })
}

var whole = flag.Bool("whole", false, "run the suite in real time, too, and all of it on each bug, which takes minutes; each subtest must catch one")

// TestBugsAreCaught runs on each bug the subtests that must fail on it. With
// -whole it runs the whole suite, and each subtest must fail once: what cannot
// fail tests nothing.
func TestBugsAreCaught(t *testing.T) {
	var mu sync.Mutex
	caught := make(map[string][]bug)
	t.Run("Bug", func(t *testing.T) {
		for b, subtest := range bugs() {
			t.Run(string(b)+"/"+subtest, func(t *testing.T) {
				t.Parallel()
				if b == racy && !testkit.RaceEnabled {
					t.Skip("takes the race detector to see")
				}
				if regexp.MustCompile("^G09_|Allocates").MatchString(subtest) && testkit.RaceEnabled {
					t.Skip("the race detector allocates")
				}
				failed := failures(t, b, subtest)
				for range 2 { // Some take a schedule that does not always come up.
					if !slices.Contains(failed, subtest) {
						failed = failures(t, b, subtest)
					}
				}
				assert.Contains(t, failed, subtest)
				mu.Lock()
				defer mu.Unlock()
				for _, f := range failed {
					caught[f] = append(caught[f], b)
				}
			})
		}
	})
	if !*whole {
		return
	}
	for _, rule := range eventtest.Rules() {
		if strings.HasPrefix(rule, "G07_") && !testkit.RaceEnabled {
			continue
		}
		slices.Sort(caught[rule])
		t.Logf("%s fails on %q", rule, caught[rule])
		assert.NotEmpty(t, caught[rule], rule)
	}
}

// bugs yields each bug and a subtest that must fail on it: that which is for
// it, and others.
func bugs() iter.Seq2[bug, string] {
	return func(yield func(bug, string) bool) {
		for b, subtest := range caughtBy {
			if !yield(b, subtest) {
				return
			}
		}
		for subtest, b := range alsoCaught {
			if !*whole && !yield(b, subtest) { // With -whole all that b fails was seen already.
				return
			}
		}
	}
}

var failure = regexp.MustCompile(`(?m)^ +--- FAIL: TestBroken/(\S+/\S+) `)

// failures returns which subtests fail on bug b, of all or of the one.
func failures(t *testing.T, b bug, subtest string) (failed []string) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	exe, err := os.Executable()
	require.NoError(t, err)
	args := []string{"-test.timeout=110s", "-test.run=^TestBroken$"}
	if *whole {
		args = append(args, "-test.short")
	} else {
		args[1] += "/^" + strings.ReplaceAll(subtest, "/", "$/^") + "$"
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), bugVariable+"="+string(b))
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Errorf("the process ends with %v instead of failed tests:\n%s", err, out)
	}
	for _, m := range failure.FindAllSubmatch(out, -1) {
		failed = append(failed, string(m[1]))
	}
	return failed
}
