package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const code = `package x

func F(n int) (m int) {
	m = n
	switch {
	case n == 1, n == 2:
		m++
	case n == 3:
		panic("three")
	}
	if n > 10 {
		if m < 10 { return 10 } // a comment
		m = 10
	} else if n > 5 { m = 5 }
	func() { m++; m-- }()
	if m > 0 { // a comment
		return m // another
	} else {
		return -1
	}
}
`

func TestInstrument(t *testing.T) {
	out, statements, err := instrument("x.go", []byte(code), 1)
	require.NoError(t, err)
	var got []string
	for _, s := range statements {
		got = append(got, s.String())
	}
	assert.Equal(t, []string{
		"x.go:4: m = n",
		"x.go:5: switch {",
		"x.go:11: if n > 10 {",
		"x.go:15: func() { m++; m-- }()",
		"x.go:6: case n == 1, n == 2:",
		"x.go:8: case n == 3:",
		"x.go:7: m++",
		"x.go:9: panic(\"three\")",
		"x.go:14: if n > 5 { m = 5 }",
		"x.go:12: if m < 10 { return 10 } // a comment",
		"x.go:13: m = 10",
		"x.go:12: return 10 } // a comment",
		"x.go:14: m = 5 }",
		"x.go:15: m++; m-- }()",
		"x.go:15: m-- }()",
	}, got)
	assert.Contains(t, string(out), "\tcase removedStatement != 5 && (n == 1), removedStatement != 5 && (n == 2):\n")
	assert.Contains(t, string(out), "} else if removedStatement != 9 && (n > 5) { if removedStatement != 13 { m = 5 } }")
}

func TestSurvivors(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module x\n\ngo 1.25\n",
		"x.go":   code,
		"x_test.go": `package x

import "testing"

func TestF(t *testing.T) {
	for n, want := range map[int]int{1: 2, 2: 3, 4: 4, 6: 5, 11: 10, -1: -1} {
		if got := F(n); got != want {
			t.Errorf("F(%d) = %d", n, got)
		}
	}
}
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	var log strings.Builder
	survivors, err := check(t.Context(), &log, []string{filepath.Join(dir, "x.go")}, options{jobs: 2})
	require.NoError(t, err)
	var lines []int
	for _, s := range survivors {
		lines = append(lines, s.pos.Line)
	}
	// No test has a 3, m is never below 10, and two statements undo each other.
	assert.Equal(t, []int{8, 9, 12, 12, 15}, lines)
	assert.Contains(t, log.String(), "x.go:7: m++ (TestF)\n")
	assert.Contains(t, log.String(), "5 of 15 statements are not caught:\n")
}

// TestLoopsWithoutEnd: a test that allocates or prints without end is caught, and
// neither takes all memory or all time.
func TestLoopsWithoutEnd(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("builds a program, and needs a limit of memory")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module x\n\ngo 1.25\n",
		"x.go": `package x

func Allocate() (all [][]byte) {
	for i := 0; i < 4; {
		all = append(all, make([]byte, 1<<20))
		clear(all[len(all)-1])
		i++
	}
	return all
}

func Print(print func(...any)) {
	for i := 0; i < 4; {
		print("a line")
		i++
	}
}
`,
		"x_test.go": `package x

import "testing"

func TestAllocate(t *testing.T) {
	if len(Allocate()) != 4 {
		t.Error("not 4")
	}
}

func TestPrint(t *testing.T) {
	n := 0
	Print(func(a ...any) { t.Log(a...); n++ })
	if n != 4 {
		t.Error("not 4")
	}
}
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	var log strings.Builder
	survivors, err := check(t.Context(), &log, []string{filepath.Join(dir, "x.go")}, options{jobs: 1, timeout: 10 * time.Minute})
	require.NoError(t, err)
	var lines []int
	for _, s := range survivors {
		lines = append(lines, s.pos.Line)
	}
	assert.Equal(t, []int{6}, lines, log.String())
	assert.Contains(t, log.String(), "x.go:15: i++ (hangs)")
}
