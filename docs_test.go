package event_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
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

// TestSnippetsCompile checks that each snippet of the guides is the body of the
// Example or test that the comment above the snippet names, or another function as a
// whole. Snippets that need other modules are in examples/supervised.
func TestSnippetsCompile(t *testing.T) {
	names, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	names = append(names, filepath.FromSlash("examples/supervised/docs_test.go"))
	var source strings.Builder
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		source.Write(b)
	}
	for _, guide := range []string{"patterns", "migrate", "faq", "testing"} {
		text, err := os.ReadFile("docs/" + guide + ".md")
		require.NoError(t, err)
		snippets := regexp.MustCompile("(?s)<!-- (\\w+) -->\n```go\n(.*?)```").FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, snippets)
		assert.Equal(t, strings.Count(string(text), "```go\n"), len(snippets), "%s: each snippet has the name of its function", guide)
		for _, s := range snippets {
			want := bodyOf(source.String(), s[1])
			if !strings.HasPrefix(s[1], "Example") && !strings.HasPrefix(s[1], "TestSnippet") {
				want = functionOf(source.String(), s[1])
			}
			assert.Equal(t, want, s[2], "%s: %s", guide, s[1])
		}
	}
}

// bodyOf returns the body of a function in source, without its output comment
// and without one level of indentation.
func bodyOf(source, name string) string {
	_, body, _ := strings.Cut(source, "\nfunc "+name+"(")
	_, body, _ = strings.Cut(body, "{\n")
	body, _, _ = strings.Cut(body, "\n}\n")
	if i := regexp.MustCompile(`\n\t// (Unordered output|Output):`).FindStringIndex(body); i != nil {
		body = body[:i[0]]
	}
	return strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:] + "\n"
}

// functionOf returns a function in source with its comment.
func functionOf(source, name string) string {
	return regexp.MustCompile(`(?m)^(//.*\n)*func ` + name + `\((?s:.*?)\n}\n`).FindString(source)
}

// plain matches the words that the text of this project avoids: a sentence names
// its actor, and uses the common word. See docs/glossary.md.
var plain = regexp.MustCompile(`(?i)\b(nobody|somebody|everybody|who|whom|whoever|anew|meanwhile|for ever|mostly|besides|also if|of late|in the end|shall|thus far|whence)\b`)

// TestTextIsPlain checks the comments of all Go files but tests, and all
// documents. Code in a document is not checked.
func TestTextIsPlain(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "node_modules"):
			return filepath.SkipDir
		case strings.HasSuffix(name, "_test.go"), !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".md"):
			return nil
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		checked++
		fenced := false
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasSuffix(path, ".go") {
				_, line, _ = strings.Cut(line, "//")
			} else if fenced = fenced != strings.HasPrefix(line, "```"); fenced || strings.HasPrefix(line, "\t") {
				continue
			}
			assert.NotRegexp(t, plain, line, "%s:%d", path, i+1)
		}
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, checked, 250)
}

// TestGuaranteesAreShort checks that doc.go numbers its guarantees from 1 on, and that each
// is one or two sentences of at most 25 words, without a semicolon and with a link to the
// identifier that has the detail.
func TestGuaranteesAreShort(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, list, found := strings.Cut(string(doc), "\n// # Guarantees\n")
	require.True(t, found)
	list, _, found = strings.Cut(list, "\n// # ")
	require.True(t, found)
	abbreviation := regexp.MustCompile(`\b(e\.g|i\.e|etc|cf|vs)\.`)
	sentence := regexp.MustCompile(`[.!?]["')]*(\s+|$)`)
	items := regexp.MustCompile(`(?m)^//  (\d+)\. (.*(?:\n//     .*)*)`).FindAllStringSubmatch(list, -1)
	for i, item := range items {
		text := strings.Join(strings.Fields(strings.ReplaceAll(item[2], "\n//", " ")), " ")
		require.Equal(t, strconv.Itoa(i+1), item[1], text)
		assert.Contains(t, text, "[", "%s: no link", item[1])
		assert.NotContains(t, text, ";", item[1])
		assert.Regexp(t, `\.$`, text, item[1])
		sentences := sentence.Split(strings.TrimSuffix(abbreviation.ReplaceAllString(text, "$1"), "."), -1)
		assert.LessOrEqual(t, len(sentences), 2, "%s: %s", item[1], text)
		for _, s := range sentences {
			assert.LessOrEqual(t, len(strings.Fields(s)), 25, "%s: %s", item[1], s)
		}
	}
	assert.GreaterOrEqual(t, len(items), 26, "the list was found")
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

// followLeader is the loop of doc.go.
func followLeader(ctx context.Context, leader *event.MemoryValue[string], follow func(string)) error {
	w := leader.Watch()
	defer w.Close()
	for {
		name, err := w.Get(ctx)
		if err != nil {
			return err
		}
		follow(name)
	}
}

// docLoops is what runs each loop over a value that the documents show, across the
// end of each value of the loop.
var docLoops = map[string]func(){
	"follow": func() {
		var v event.MemoryValue[string]
		v.Set("v1")
		_ = v.Close()
		_ = follow(context.Background(), &v)
	},
	"followLeader": func() {
		var v event.MemoryValue[string]
		v.Set("alice")
		_ = followLeader(context.Background(), &v, func(string) { _ = v.Close() })
	},
	"Example_insteadOfPolling":    Example_insteadOfPolling,
	"Example_levelVar":            Example_levelVar,
	"Example_select":              Example_select,
	"Example_fromBehaviorSubject": Example_fromBehaviorSubject,
	"Example_fromMonogon":         Example_fromMonogon,
	"ExampleAll":                  ExampleAll,
	"ExampleDebounceMax":          ExampleDebounceMax,
	"ExampleMemo":                 ExampleMemo,
	"ExampleValues":               ExampleValues,
	"ExampleWatcher_Changed":      ExampleWatcher_Changed,
}

// TestLoopsInTheDocsSurviveTheEnd checks that docLoops has each loop over a value in
// the documents, and that each ends when its values end, and does not spin.
func TestLoopsInTheDocsSurviveTheEnd(t *testing.T) {
	var source strings.Builder
	for _, name := range []string{"example_test.go", "docs_example_test.go", "docs_test.go", "debounce_test.go", "memo_test.go", "wait_test.go", "watcher_test.go"} {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		source.Write(b)
	}
	found := map[string]bool{}
	for _, doc := range []string{"README.md", "docs/patterns.md", "docs/migrate.md", "doc.go", "example_test.go"} {
		b, err := os.ReadFile(doc)
		require.NoError(t, err)
		for _, loop := range loopsOverValues(string(b)) {
			name := functionWith(source.String(), loop)
			assert.Contains(t, docLoops, name, "%s: a loop that no test runs:\n%s", doc, loop)
			found[doc] = true
		}
	}
	assert.Len(t, found, 5, "each document has a loop")

	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer null.Close()
	os.Stdout = null
	for name, run := range docLoops {
		ended := make(chan struct{})
		go func() { defer close(ended); run() }()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Fatal(name, "does not end")
		}
	}
}

// loopsOverValues returns the loops in text that read a value, without their
// indentation.
func loopsOverValues(text string) (loops []string) {
	lines := strings.Split(regexp.MustCompile(`(?m)^//`).ReplaceAllString(text, ""), "\n")
	for i, line := range lines {
		body := strings.TrimLeft(line, "\t")
		if !strings.HasPrefix(body, "for ") || !strings.HasSuffix(body, "{") {
			continue
		}
		indent := line[:len(line)-len(body)]
		for j := i; j < len(lines); j++ {
			if lines[j] == indent+"}" {
				loop := flat(strings.Join(lines[i:j+1], "\n"))
				if regexp.MustCompile(`\.Get\(|TryGet\(|\.Changed\(|event\.(All|Values)\(`).MatchString(loop) {
					loops = append(loops, loop)
				}
				break
			}
		}
	}
	return loops
}

// functionWith returns the name of the function in source that contains the loop.
func functionWith(source, loop string) string {
	for _, f := range regexp.MustCompile(`(?ms)^func (\w+)\(.*?^}$`).FindAllStringSubmatch(source, -1) {
		if strings.Contains(flat(f[0]), loop) {
			return f[1]
		}
	}
	return ""
}
