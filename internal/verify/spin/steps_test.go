// Package spin_test checks that the table of steps in docs/internals/model-steps.md names what
// there is, in the model and in the code. The model itself is checked by
// ./check.
package spin_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A row is one of the table: a step, the file and the code, both empty for what
// is not ours.
type row struct{ step, file, code string }

var (
	rows  = regexp.MustCompile("(?m)^\\| ([A-Z][0-9]+) \\| (?:`([^`]+)`|–) \\| (?:`` (.+?) ``|–) \\|")
	steps = regexp.MustCompile(`/\* ([A-Z][0-9]+): `)
)

func read(t *testing.T, name string) string {
	b, err := os.ReadFile(filepath.Join("..", "..", "..", name))
	require.NoError(t, err)
	return string(b)
}

func table(t *testing.T) []row {
	var all []row
	for _, m := range rows.FindAllStringSubmatch(read(t, "docs/internals/model-steps.md"), -1) {
		all = append(all, row{m[1], m[2], m[3]})
	}
	return all
}

func TestTableNamesEachStepOnce(t *testing.T) {
	files, err := filepath.Glob("*.pml")
	require.NoError(t, err)
	var modelled, listed []string
	for _, f := range files {
		for _, m := range steps.FindAllStringSubmatch(read(t, filepath.Join("internal", "verify", "spin", f)), -1) {
			modelled = append(modelled, m[1])
		}
	}
	for _, r := range table(t) {
		listed = append(listed, r.step)
	}
	require.NotEmpty(t, modelled)
	assert.ElementsMatch(t, listed, modelled)
}

func TestTableQuotesTheCode(t *testing.T) {
	for _, r := range table(t) {
		if r.file != "" && !strings.Contains(read(t, r.file), r.code) {
			t.Errorf("%s: %s no longer has %q: see what the model says of it", r.step, r.file, r.code)
		}
	}
}

// atomics are operations that take part in what is modelled.
var atomics = regexp.MustCompile(`\.(?:head|end|top|node|registration|closed|done)\.(?:Store|Swap|CompareAndSwap)\(|state\.(?:cas|Store|CompareAndSwap|Add|Sub)\(`)

// TestTableLeavesNoWriteOut finds the writes in the code. Each must be quoted
// by some row, or excused here.
func TestTableLeavesNoWriteOut(t *testing.T) {
	excused := []string{
		"v.head.CompareAndSwap(nil, new(snapshot[T]))",        // The first snapshot.
		"&& b.top.CompareAndSwap(nil, n) || b.push(n) {",      // A push onto an empty stack.
		"g.closed.Store(true)",                                // Part of X2 and of R2, under the mutex.
		"s.done.Store(&s.own)",                                // Part of N19 and N20: the shared state is not published yet.
		"q.state.Store(queue)",                                // No other goroutine has it yet.
		"v.head.Store(&snapshot[T]{version: step, val: val})", // No other goroutine has the value yet.
	}
	quoted := table(t)
	for _, file := range []string{"value.go", "watcher.go", "internal/park/broadcast.go", "internal/park/chain.go", "internal/park/contexts.go",
		"internal/park/node.go", "internal/park/shared.go", "internal/park/stack.go", "internal/park/sweep.go", "internal/park/waiter.go"} {
		for line := range strings.Lines(read(t, file)) {
			if !atomics.MatchString(line) {
				continue
			}
			found := false
			for _, r := range quoted {
				found = found || r.file == file && strings.Contains(line, r.code)
			}
			for _, e := range excused {
				found = found || strings.Contains(line, e)
			}
			assert.True(t, found, "%s: no step of the model is this one: %s", file, strings.TrimSpace(line))
		}
	}
}
