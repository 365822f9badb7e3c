package mutants_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/verify/explore"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

var (
	catchAll = flag.Bool("catch", false, "run what is to catch the mutants")
	update   = flag.Bool("update", false, "write README.md, the table of what catches which")
)

// A mutant is a patch, and what catches it.
type mutant struct {
	name, breaks string
	byTests      bool // no scenario can catch it
	patch        patch
	caught       caught
}

// caught describes what caught a mutant.
type caught struct {
	by        string
	schedules uint64 // of the scenario, if it is one
	before    uint64 // of all scenarios that were tried before
	seconds   float64
	why       string
}

// mutants returns all of them, by name.
func mutants(t *testing.T) []*mutant {
	files, err := filepath.Glob("*.patch")
	require.NoError(t, err)
	var all []*mutant
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		breaks, rest, _ := strings.Cut(string(text), "\n")
		p, err := parse(text)
		require.NoError(t, err, file)
		m := &mutant{name: strings.TrimSuffix(file, ".patch"), breaks: breaks, patch: p}
		m.byTests = strings.HasPrefix(rest, byTests+"\n")
		all = append(all, m)
	}
	return all
}

// TestPatchesApply shows that each patch applies to the library as it is now,
// and is in the table.
func TestPatchesApply(t *testing.T) {
	table, err := os.ReadFile("README.md")
	require.NoError(t, err)
	all := mutants(t)
	assert.Equal(t, len(all), strings.Count(string(table), "\n| `"), "mutants in the table: see its head")
	for _, m := range all {
		for file := range m.patch {
			assert.Contains(t, []string{".", "internal/park", "internal/get"}, path.Dir(file), m.name)
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
			require.NoError(t, err)
			_, err = m.patch.apply(file, text)
			assert.NoError(t, err, m.name)
		}
		assert.Contains(t, string(table), "| `"+m.name+"` | "+m.breaks+" |", "see the head of the table")
	}
}

// TestMutantsAreCaught searches the short scenarios over each mutant until one
// fails. If none does, a test of event or park must.
func TestMutantsAreCaught(t *testing.T) {
	if !*catchAll {
		t.Skip("builds and searches dozens of programs; make mutants does that")
	}
	t.Run("none", func(t *testing.T) {
		// What follows would mean nothing if the checks failed anyway.
		m := &mutant{patch: patch{}}
		m.search(t, passes[1:2])
		m.test(t)
		require.Zero(t, m.caught)
	})
	all := mutants(t)
	t.Run("all", func(t *testing.T) {
		for _, m := range all {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				if !m.byTests {
					m.search(t, passes)
				}
				if m.caught.by == "" {
					m.test(t)
				}
				m.caught.seconds = time.Since(began).Seconds()
				require.NotEmpty(t, m.caught.by, "nothing catches it: is a scenario missing?")
			})
		}
	})
	t.Log("\n" + table(all))
	if *update && !t.Failed() {
		require.NoError(t, os.WriteFile("README.md", []byte(readme+table(all)), 0o666))
	}
}

// byTests is the second line of a patch that no scenario can catch. The scenarios
// are not searched for it.
const byTests = "Caught by tests."

// root is the root of the module.
var root = filepath.Join("..", "..", "..")

// perCheck bounds what one mutant may take at one check.
const perCheck = 5 * time.Minute

// passes go ever deeper: most bugs show up soon where they do at all.
var passes = []explore.Options{{Limit: 300}, {Limit: 10_000}, {}}

// search searches the scenarios over the mutant, one pass after another, until
// one fails.
func (m *mutant) search(t *testing.T, passes []explore.Options) {
	ctx, cancel := context.WithTimeout(t.Context(), perCheck)
	defer cancel()
	p, err := explore.Build(ctx, t.TempDir(), m.patch.apply)
	require.NoError(t, err)
	for _, o := range passes {
		err = p.Run(ctx, o, func(r sched.Result) bool {
			if r.Failure == "" {
				m.caught.before += r.Schedules
				return true
			}
			m.caught.by, m.caught.schedules = r.Scenario, r.Schedules
			m.caught.why, _, _ = strings.Cut(r.Failure, "\n")
			return false
		})
		require.NoError(t, err)
		if m.caught.by != "" {
			return
		}
	}
	m.caught.before = 0
}

const readme = `# What catches the mutants

Written by ` + "`make mutants UPDATE=-update`" + `. Each mutant is a bug, a patch file in this directory. "Caught by" is the scenario of
internal/verify/explore that fails, or the test. "Schedules" is how many of that scenario it took, "before" how many of
other scenarios had been searched: the first 300 of each, then the first 10,000, then all within the small bounds.

`

// table is a table of the mutants in Markdown.
func table(all []*mutant) string {
	var w strings.Builder
	w.WriteString("| mutant | what it breaks | caught by | schedules | before | s | how |\n|---|---|---|--:|--:|--:|---|\n")
	for _, m := range all {
		c := m.caught
		fmt.Fprintf(&w, "| `%s` | %s | %s | %d | %d | %.1f | %.90s |\n", m.name, m.breaks, c.by, c.schedules, c.before, c.seconds,
			strings.ReplaceAll(c.why, "|", "\\|"))
	}
	return w.String()
}
