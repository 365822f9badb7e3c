package event_test

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// TestAllocations pins what the operations that do not wait allocate.
func TestAllocations(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var v, other event.MemoryValue[int]
	v.Set(1)
	other.Set(1)
	w := v.Watch()
	odd := []event.GetOption[int]{event.Filter(func(int) bool { return true }), event.BacklogOnly[int]()}
	for _, c := range []struct {
		name string
		want float64
		op   func()
	}{
		{"Set", 1, func() { v.Set(2) }},
		{"Load", 0, func() { v.Load() }},
		{"Update that publishes", 1, func() { v.Update(func(int, bool) (int, bool) { return 3, true }) }},
		{"Update that does not", 0, func() { v.Update(func(int, bool) (int, bool) { return 4, false }) }},
		{"Set, Get", 1, func() { v.Set(5); _, _ = w.Get(ctx) }},
		{"Set, Get with kept options", 1, func() { v.Set(6); _, _ = w.Get(ctx, odd...) }},
		{"Get with BacklogOnly and nothing", 0, func() { _, _ = w.Get(ctx, odd...) }},
		{"Set, Changed", 1, func() { v.Set(7); w.Changed() }},
		{"Watch, Get, Close", 1, func() {
			w := other.Watch()
			_, _ = w.Get(ctx)
			_ = w.Close()
		}},
	} {
		assert.Equal(t, c.want, testing.AllocsPerRun(100, c.op), c.name)
	}
}

// TestSnapshotSize pins what a Set allocates: 24 bytes for an int where those have 8.
func TestSnapshotSize(t *testing.T) {
	want := 2*unsafe.Sizeof(uintptr(0)) + unsafe.Sizeof(uint64(0))
	assert.Equal(t, want, event.SnapshotSize[int]())
}

// TestInlining pins what the fast paths consist of: of the compiler's report on a program
// that uses them, on a 64-bit and a 32-bit machine. (On the latter a Load is a call: two
// words are compared there.)
func TestInlining(t *testing.T) {
	both := []string{
		"can inline event.(*snapshot[go.shape.int]).mark",
		"can inline event.(*snapshot[go.shape.int]).final",
		"inlining call to event.(*word).load",
		"inlining call to event.(*word).swap",
		"inlining call to atomic.(*Pointer[go.shape.struct { github.com/eventvalue/event.version",
	}
	for arch, want := range map[string][]string{
		"amd64": append([]string{"inlining call to event.(*MemoryValue[go.shape.int]).Load"}, both...),
		"386":   both,
	} {
		t.Run(arch, func(t *testing.T) {
			report := compile(t, arch, "-m")
			for _, line := range want {
				assert.True(t, strings.Contains(report, line), line)
			}
		})
	}
}

// TestGetCallsNoAtomics pins that Get's fast path is made of bare instructions: between its
// beginning and the slow path it calls nothing but the context.
func TestGetCallsNoAtomics(t *testing.T) {
	code := compile(t, "amd64", "-S")
	start := regexp.MustCompile(`(?m)^\S*event\.\(\*watcher\[go\.shape\.int\]\)\.Get STEXT`).FindStringIndex(code)
	require.NotNil(t, start)
	body := code[start[0]:]
	if end := regexp.MustCompile(`(?m)^\S.* STEXT`).FindAllStringIndex(body, 2); len(end) == 2 {
		body = body[:end[1][0]]
	}
	assert.True(t, strings.Contains(body, "CMPXCHGQ"), "the compare-and-swap is there")
	for _, call := range regexp.MustCompile(`CALL\s+(\S+)`).FindAllStringSubmatch(body, -1) {
		assert.NotContains(t, call[1], "atomic", "a call instead of an instruction")
	}
}

// compile returns what the compiler says, under the given flag, of a small program that
// uses the package.
func compile(t *testing.T, arch, flag string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles the package")
	}
	cmd := exec.Command("go", "build", "-gcflags="+flag, "-o", t.TempDir()+"/out", "./testdata/inline")
	cmd.Env = append(cmd.Environ(), "GOARCH="+arch, "GOOS=linux", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotEmpty(t, out, "the compiler says something")
	return string(out)
}
