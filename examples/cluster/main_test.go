package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	nodeMain(context.Background()) // Nodes are further processes of this test.
	os.Exit(m.Run())
}

// An output is the text that the program has written so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// await waits until the program has written text.
func (o *output) await(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(o.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q does not come: %s", text, o.String())
		}
	}
}

func TestRunsAndEnds(t *testing.T) {
	for _, live := range []bool{false, true} {
		var out, errs output
		if code := run(t.Context(), nil, &out, &errs, live); code != 0 {
			t.Fatalf("exit code %d: %s\n%s", code, errs.String(), out.String())
		}
		text := out.String()
		leaders := regexp.MustCompile(`(node-\d) leads, and all know it`).FindAllStringSubmatch(text, -1)
		if len(leaders) != 3 || leaders[0][1] == leaders[1][1] || leaders[1][1] != leaders[2][1] {
			t.Errorf("the leaders were %v", leaders)
		}
		for _, want := range []string{"is killed", "is started again", "all see it", "the same flags everywhere", `search="new"`, `banner="under new management"`} {
			if !strings.Contains(text, want) {
				t.Errorf("nothing says %q", want)
			}
		}
		if got := strings.Contains(text, "\x1b["); got != live {
			t.Errorf("live: %v, escape sequences: %v", live, got)
		}
		if t.Failed() {
			t.Log(text)
			break
		}
	}
}

// TestDeadEndpoint has nothing at its endpoint. The program must say so, and end
// when it is interrupted.
func TestDeadEndpoint(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	var out, errs output
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int)
	go func() { code <- run(ctx, []string{"-endpoints", l.Addr().String()}, &out, &errs, false) }()
	out.await(t, "connection refused")
	cancel()
	if c := <-code; c != 0 || errs.String() != "" {
		t.Errorf("exit code %d: %s", c, errs.String())
	}
	t.Log(out.String())
}

// An interrupt ends it cleanly, nodes included.
func TestInterrupt(t *testing.T) {
	var out, errs output
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int)
	go func() { code <- run(ctx, nil, &out, &errs, false) }()
	out.await(t, "node-1  ")
	cancel()
	if c := <-code; c != 0 || errs.String() != "" {
		t.Errorf("exit code %d: %s", c, errs.String())
	}
	if n := children(t); n != 0 {
		t.Errorf("%d nodes are left", n)
	}
}

// children counts the child processes of this one, those of the count excluded.
func children(t *testing.T) int {
	t.Helper()
	out, err := exec.Command("ps", "-o", "comm=", "--ppid", strconv.Itoa(os.Getpid())).Output()
	if err != nil {
		t.Skipf("no ps: %v", err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "ps") {
			n++
		}
	}
	return n
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{"-nodes", "1"}, {"-nodes", "x"}, {"more"}, {"-unknown"}} {
		var out, errs output
		if code := run(t.Context(), args, &out, &errs, false); code != 2 || errs.String() == "" || out.String() != "" {
			t.Errorf("%v: exit code %d, %q, %q", args, code, out.String(), errs.String())
		}
	}
}
