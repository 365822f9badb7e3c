package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A program is the tests of a package whose statements can be removed.
type program struct {
	dir        string // of the package
	temp       string
	run        string
	statements []statement // numbered from 1
}

// environment names the removed statement to a program.
const environment = "EVENT_REMOVED_STATEMENT"

const variableFile = `package %s

import (
	"os"
	"strconv"
)

var %s = func() int {
	n, _ := strconv.Atoi(os.Getenv(%q))
	return n
}()
`

// build builds the tests of the package that the files belong to.
func build(ctx context.Context, files []string, run string) (*program, error) {
	dir, err := filepath.Abs(filepath.Dir(files[0]))
	if err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "statements")
	if err != nil {
		return nil, err
	}
	p := &program{dir: dir, temp: temp, run: run}
	if err := p.build(ctx, files); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// close removes the program.
func (p *program) close() error { return os.RemoveAll(p.temp) }

func (p *program) binary() string { return filepath.Join(p.temp, "test") }

func (p *program) build(ctx context.Context, files []string) error {
	replace := make(map[string]string)
	for _, file := range files {
		if err := p.addFile(replace, file); err != nil {
			return err
		}
	}
	name, err := p.packageName(ctx)
	if err != nil {
		return err
	}
	code := fmt.Appendf(nil, variableFile, name, variable, environment)
	if err := p.overlay(replace, "removed_statement.go", code); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	overlay := filepath.Join(p.temp, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o666); err != nil {
		return err
	}
	_, err = p.goCommand(ctx, "test", "-c", "-vet=off", "-overlay", overlay, "-o", p.binary(), ".")
	return err
}

// addFile instruments a file.
func (p *program) addFile(replace map[string]string, file string) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	out, statements, err := instrument(file, src, len(p.statements)+1)
	if err != nil {
		return err
	}
	p.statements = append(p.statements, statements...)
	return p.overlay(replace, filepath.Base(file), out)
}

// overlay writes a file that replaces the one of that name in the package.
func (p *program) overlay(replace map[string]string, name string, code []byte) error {
	replace[filepath.Join(p.dir, name)] = filepath.Join(p.temp, name)
	return os.WriteFile(filepath.Join(p.temp, name), code, 0o666)
}

func (p *program) packageName(ctx context.Context) (string, error) {
	out, err := p.goCommand(ctx, "list", "-f", "{{.Name}}", ".")
	return strings.TrimSpace(out), err
}

func (p *program) goCommand(ctx context.Context, args ...string) (string, error) {
	cmd := nice(ctx, "go", args...)
	cmd.Dir = p.dir
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s%s", args[0], err, out, &errOut)
	}
	return string(out), nil
}

// nice returns a command that runs at a low priority, if the system can do that.
func nice(ctx context.Context, name string, args ...string) *exec.Cmd {
	if path, err := exec.LookPath("nice"); err == nil {
		name, args = path, append([]string{name}, args...)
	}
	return exec.CommandContext(ctx, name, args...)
}

// maxMemory is the address space of the tests, in KiB, where the
// system has such a limit. A loop that has lost its end can allocate all memory
// before the tests count as hanging.
const maxMemory = 2 << 20

// limited returns nice's command with the limit of memory.
func limited(ctx context.Context, name string, args ...string) *exec.Cmd {
	sh, err := exec.LookPath("sh")
	if err != nil {
		return nice(ctx, name, args...)
	}
	script := fmt.Sprintf(`ulimit -v %d 2>/dev/null; exec "$0" "$@"`, maxMemory)
	return nice(ctx, sh, append([]string{"-c", script, name}, args...)...)
}

// test runs the tests without statement n. It returns the test that fails, or ""
// if none does, and the longest time between two lines of output. If there is no
// output for as long as limit, or output without end, the tests hang. The limit is
// not one for all tests, because they are slow on a machine that is busy.
func (p *program) test(ctx context.Context, n int, limit time.Duration) (caught string, pause time.Duration, out string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o := &output{last: time.Now(), limit: limit}
	o.timer = time.AfterFunc(limit, cancel)
	defer o.timer.Stop()
	cmd := limited(ctx, p.binary(), "-test.v", "-test.short", "-test.failfast", "-test.count=1", "-test.run="+p.run)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", environment, n))
	cmd.WaitDelay = time.Second
	cmd.Stdout, cmd.Stderr = o, o // One writer, so writes are not concurrent.
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "hangs", o.pause, o.text.String()
	case err == nil:
		return "", o.pause, ""
	}
	return failure(o.text.String()), o.pause, o.text.String()
}

// maxOutput is the length of the longest output that is kept.
const maxOutput = 16 << 20

// An output holds what the tests print.
type output struct {
	text  bytes.Buffer
	last  time.Time
	pause time.Duration // the longest one
	limit time.Duration
	timer *time.Timer // expires after a pause of limit
}

func (o *output) Write(text []byte) (int, error) {
	if o.text.Len() > maxOutput {
		o.timer.Reset(0)
		return len(text), nil
	}
	o.timer.Reset(o.limit)
	now := time.Now()
	o.pause, o.last = max(o.pause, now.Sub(o.last)), now
	return o.text.Write(text)
}

// failure returns the test that failed, or the panic.
func failure(out string) string {
	for _, head := range []string{"--- FAIL: ", "panic: ", "fatal error: "} {
		if _, rest, ok := strings.Cut("\n"+out, "\n"+head); ok {
			line, _, _ := strings.Cut(rest, "\n")
			return strings.Fields(line + " ?")[0]
		}
	}
	return "the process fails"
}
