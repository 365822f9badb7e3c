package mutants_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// oneSuite is held while tests run: they take all the processors that there
// are.
var oneSuite sync.Mutex

// test runs the tests of park and event over the mutant until one fails.
func (m *mutant) test(t *testing.T) {
	oneSuite.Lock()
	defer oneSuite.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), perCheck)
	defer cancel()
	overlay := m.overlay(t)
	for _, dir := range []string{filepath.Join(root, "internal", "park"), root} {
		binary := filepath.Join(t.TempDir(), "test")
		build := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", binary, ".")
		build.Dir = dir
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s", out)
		run := exec.CommandContext(ctx, binary, "-test.short", "-test.failfast", "-test.timeout", "1m")
		run.Dir = dir
		if out, err = run.CombinedOutput(); err != nil {
			m.caught.by, m.caught.why = "go test", failure(t, string(out))
			return
		}
	}
}

// overlay writes the patched files, and returns the name of the overlay file
// for the go command.
func (m *mutant) overlay(t *testing.T) string {
	dir, replace := t.TempDir(), map[string]string{}
	for file := range m.patch {
		full, err := filepath.Abs(filepath.Join(root, filepath.FromSlash(file)))
		require.NoError(t, err)
		text, err := os.ReadFile(full)
		require.NoError(t, err)
		text, err = m.patch.apply(file, text)
		require.NoError(t, err)
		replace[full] = filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		require.NoError(t, os.WriteFile(replace[full], text, 0o666))
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	name := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(name, b, 0o666))
	return name
}

// failure returns the line of a test's output that says what failed.
func failure(t *testing.T, out string) string {
	lines := strings.Split(out, "\n")
	for _, head := range []string{"--- FAIL: ", "panic: ", "fatal error: "} {
		if i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, head) }); i >= 0 {
			name, _, _ := strings.Cut(strings.TrimPrefix(lines[i], "--- FAIL: "), " (")
			return name
		}
	}
	require.Fail(t, "the tests ended otherwise", out)
	return ""
}
