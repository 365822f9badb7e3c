package filetest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestConfigurationShowsWhatCompiles checks that each snippet of docs/configuration.md is in
// the Example that the comment above the snippet names.
func TestConfigurationShowsWhatCompiles(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	snippets := regexp.MustCompile("(?s)<!-- (Example\\w*) -->\n```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, snippets, strings.Count(string(page), "```go\n"), "each has the name of its Example")
	require.Len(t, snippets, strings.Count(string(source), "\nfunc Example"), "each Example is shown")
	for _, s := range snippets {
		_, body, found := strings.Cut(string(source), "func "+s[1]+"() {\n")
		require.True(t, found, s[1])
		body, _, _ = strings.Cut(body, "\n}\n")
		require.Contains(t, strings.ReplaceAll("\n"+body, "\n\t", "\n"), s[2], s[1])
	}
}
