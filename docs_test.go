package event_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadmeShowsWhatCompiles checks that example_test.go contains the code
// blocks of README.md. Only the indentation may differ.
func TestReadmeShowsWhatCompiles(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	examples, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	blocks := strings.Split(string(readme), "```go\n")[1:]
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		assert.True(t, strings.Contains(flat(string(examples)), flat(code)), code)
	}
}

// flat returns s without the indentation of its lines.
func flat(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// TestPatternsAreExamples checks that each snippet of docs/patterns.md is the
// body of the Example that the comment above the snippet names.
func TestPatternsAreExamples(t *testing.T) {
	guide, err := os.ReadFile("docs/patterns.md")
	require.NoError(t, err)
	names, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var source strings.Builder
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		source.Write(b)
	}
	snippets := regexp.MustCompile("(?s)<!-- (Example\\w*) -->\n```go\n(.*?)```").FindAllStringSubmatch(string(guide), -1)
	require.NotEmpty(t, snippets)
	assert.Equal(t, strings.Count(string(guide), "```go\n"), len(snippets), "each has the name of its Example")
	for _, s := range snippets {
		_, body, found := strings.Cut(source.String(), "func "+s[1]+"() {\n")
		require.True(t, found, s[1])
		body, _, _ = strings.Cut(body, "\n}\n")
		if i := regexp.MustCompile(`\n\t// (Unordered output|Output):`).FindStringIndex(body); i != nil {
			body = body[:i[0]]
		}
		want := strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:] + "\n"
		assert.Equal(t, want, s[2], s[1])
	}
}

// TestOverviewNamesEachFile checks that the map of the files names the production files
// that there are, and that each one of the root has a test file of its name.
func TestOverviewNamesEachFile(t *testing.T) {
	overview, err := os.ReadFile("docs/internals/overview.md")
	require.NoError(t, err)
	var named, found []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+\\.go)` \\|").FindAllStringSubmatch(string(overview), -1) {
		named = append(named, row[1])
	}
	for _, dir := range []string{".", "internal/park", "internal/get", "internal/capability", "notify"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			found = append(found, filepath.ToSlash(file))
			if dir == "." && file != "doc.go" {
				assert.FileExists(t, strings.TrimSuffix(file, ".go")+"_test.go")
			}
		}
	}
	assert.ElementsMatch(t, found, named)
}
