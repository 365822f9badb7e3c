package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// An output is a writer whose text can be waited for.
type output struct{ text event.MemoryValue[string] }

func (o *output) Write(p []byte) (int, error) {
	o.text.Update(func(old string, _ bool) (string, bool) { return old + string(p), true })
	return len(p), nil
}

func (o *output) String() string {
	s, _ := o.text.Load()
	return s
}

// waitFor waits until what was written after the first so many bytes matches,
// and returns all.
func (o *output) waitFor(t *testing.T, from int, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	s, err := event.Wait(patience(t), &o.text, func(s string) bool {
		return len(s) >= from && re.MatchString(s[from:])
	})
	require.NoError(t, err, "%s is not in:\n%s", pattern, o)
	return s
}

func TestDemo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var out, errs output
	code := run(patience(t), []string{"-workers", "200"}, &out, &errs, false)
	require.Zero(t, code, "%s%s", &out, &errs)
	require.Empty(t, errs.String())

	text := out.String()
	for version := 1; version <= 11; version++ {
		require.Len(t, regexp.MustCompile(fmt.Sprintf(`(?m)^ +%d  \S.* +\d+$`, version)).FindAllString(text, -1), 1,
			"a row for version %d in:\n%s", version, text)
	}
	require.Regexp(t, `toml:6:19: basic strings .*; version 3 stays in force\n`, text)
	require.Regexp(t, `toml:11:1: limits.burst: .*; version 4 stays in force\n`, text)
	require.Contains(t, text, "12 edits, 10 good and 2 bad; version 11 is in force.\n")
	require.Contains(t, text, "200 of 200 workers were told that the demonstration is over")
	require.Contains(t, text, "\n0 goroutines are left.\n")
	require.NotContains(t, text, "\r", "no live line")

	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left, "temporary files")
}

func TestDemoInterrupted(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(patience(t))
	var out, errs output
	code := make(chan int)
	go func() { code <- run(ctx, []string{"-workers", "20"}, &out, &errs, true) }()
	out.waitFor(t, 0, `first load`)
	cancel()
	require.Zero(t, <-code, "as with a file")
	require.Empty(t, errs.String())
	require.Contains(t, out.String(), "\ninterrupted\n")
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left, "temporary files")
}

func TestFollowFileUntilInterrupted(t *testing.T) {
	path := newFile(t)
	ctx, cancel := context.WithCancel(patience(t))
	var out, errs output
	code := make(chan int)
	go func() { code <- run(ctx, []string{"-workers", "100", path}, &out, &errs, false) }()

	seen := len(out.waitFor(t, 0, `(?m)^ +1  first load .*$`))
	require.NoError(t, replaceFile(path, edited(t, "burst = 50", "burst = 9")))
	seen = len(out.waitFor(t, seen, `(?m)^ +2  limits\.burst 50 → 9 .* 0$`))
	require.NoError(t, replaceFile(path, edited(t, "burst = 50", "brust = 9")))
	seen = len(out.waitFor(t, seen, `(?m)^ +3  limits\.brust – → 9, limits\.burst 9 → –  .* 0$`))
	require.NoError(t, replaceFile(path, edited(t, "burst = 50", "burst =")))
	seen = len(out.waitFor(t, seen, `(?m)^ +–  .*:11:8: .*; version 3 stays in force$`))
	require.NoError(t, replaceFile(path, edited(t, "burst = 50", "brust = 9")))
	seen = len(out.waitFor(t, seen, `(?m)^ +–  the file is good again; version 3 stays in force$`))
	require.NoError(t, os.Remove(path))
	seen = len(out.waitFor(t, seen, `(?m)^ +–  .*no such file.*; version 3 stays in force$`))
	require.NoError(t, replaceFile(path, "# a comment\n"+edited(t, "burst = 50", "brust = 9")))
	out.waitFor(t, seen, `(?m)^ +4  no setting .* 0$`)

	cancel()
	require.Zero(t, <-code)
	require.Empty(t, errs.String())
	require.Regexp(t, `\n100 workers have ended, 0 goroutines are left\.\n$`, out.String())
}

// TestFollowWaitsForTheFile checks each kind of file, and that it may come later.
func TestFollowWaitsForTheFile(t *testing.T) {
	for name, test := range map[string]struct{ first, second string }{
		"a.toml": {"[a]\nb = [1, 2]\n", "[a]\nb = [1, 3]\n"},
		"a.yaml": {"a:\n  b: [1, 2]\n", "a:\n  b: [1, 3]\n"},
		"a.yml":  {"a: {b: [1, 2]}\n", "a: {b: [1, 3]}\n"},
		"a.json": {`{"a": {"b": [1, 2]}}`, `{"a": {"b": [1, 3]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			ctx, cancel := context.WithCancel(patience(t))
			var out, errs output
			code := make(chan int)
			go func() { code <- run(ctx, []string{"-workers", "10", path}, &out, &errs, false) }()
			seen := len(out.waitFor(t, 0, `(?m)no such file.*; waiting for a good file$`))
			require.NoError(t, replaceFile(path, test.first))
			seen = len(out.waitFor(t, seen, `(?m)^ +1  first load .* 0$`))
			require.NoError(t, replaceFile(path, test.second))
			out.waitFor(t, seen, `(?m)^ +2  a\.b\[1\] 2 → 3 .* 0$`)
			cancel()
			require.Zero(t, <-code)
			require.Empty(t, errs.String())
		})
	}
}

// patience is the longest wait of a test for an expected event.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// newFile returns the path of a file of the demonstration.
func newFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "service.toml")
	require.NoError(t, replaceFile(path, original))
	return path
}

// TestPage checks the page of a demonstration, and that nothing of it is left.
func TestPage(t *testing.T) {
	ctx, cancel := context.WithCancel(patience(t))
	var out, errs output
	code := make(chan int)
	go func() { code <- run(ctx, []string{"-workers", "200", "-http", "localhost:0"}, &out, &errs, false) }()
	text := out.waitFor(t, 0, `the page stays until Ctrl-C`)
	url := regexp.MustCompile(`http://\S+/debug/values/`).FindString(text)
	res, err := http.Get(url + "?format=json")
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Contains(t, string(body), `"config"`)
	require.Contains(t, string(body), "service.toml")
	require.Contains(t, string(body), "worker 99")
	require.NotContains(t, string(body), "worker 100")
	cancel()
	require.Zero(t, <-code, errs.String())
	require.Empty(t, inspect.Values())
}

func TestExitCodes(t *testing.T) {
	other, missing := filepath.Join(t.TempDir(), "other.ini"), filepath.Join(t.TempDir(), "missing.toml")
	for name, test := range map[string]struct {
		args []string
		code int
		err  string
	}{
		"another kind":    {[]string{other}, 1, "^hotreload: .*other.ini: the name should end in .toml, .yaml, .yml or .json\n$"},
		"two files":       {[]string{other, missing}, 2, "^usage: "},
		"unknown flag":    {[]string{"-wrokers", "3"}, 2, "-wrokers"},
		"no worker":       {[]string{"-workers", "0"}, 2, "^hotreload: -workers 0 is not between 1 and 1000000\n$"},
		"too many":        {[]string{"-workers", "1000001"}, 2, "is not between"},
		"not a number":    {[]string{"-workers", "many"}, 2, "invalid value"},
		"asking for help": {[]string{"-h"}, 0, "^usage: "},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs output
			args := test.args
			if test.code == 1 {
				args = append([]string{"-workers", "10"}, args...)
			}
			require.Equal(t, test.code, run(patience(t), args, &out, &errs, false), errs.String())
			require.Regexp(t, test.err, errs.String())
			require.Empty(t, out.String())
		})
	}
}
