package mutants_test

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPatchesThatDoNotApply shows that they are noticed.
func TestPatchesThatDoNotApply(t *testing.T) {
	p, err := parse([]byte("Why.\n\n--- a/x.go\n+++ b/x.go\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"))
	require.NoError(t, err)
	for _, text := range []string{"", "one\ntoo\n", "one\ntwo\none\ntwo\n"} {
		_, err := p.apply("x.go", []byte(text))
		require.Error(t, err, "%q", text)
	}
	text, err := p.apply("y.go", []byte("anything"))
	require.NoError(t, err)
	require.Equal(t, "anything", string(text))
	text, err = p.apply("x.go", []byte("zero\none\ntwo\n"))
	require.NoError(t, err)
	require.Equal(t, "zero\none\nthree\n", string(text))
	_, err = parse([]byte("Why.\n"))
	require.Error(t, err)
}

// A patch has the changes of each file.
type patch map[string][]hunk

type hunk struct{ old, new []byte }

var hunkHead = regexp.MustCompile(`^@@ .* @@`)

// parse reads a unified diff.
func parse(text []byte) (patch, error) {
	p := patch{}
	file := ""
	for line := range bytes.Lines(text) {
		switch {
		case bytes.HasPrefix(line, []byte("--- a/")):
			file = ""
		case bytes.HasPrefix(line, []byte("+++ b/")):
			file = string(bytes.TrimSpace(line[len("+++ b/"):]))
		case file == "":
		case hunkHead.Match(line):
			p[file] = append(p[file], hunk{})
		case len(p[file]) == 0:
			return nil, fmt.Errorf("a change without a head: %q", line)
		default:
			h := &p[file][len(p[file])-1]
			if line[0] != '+' {
				h.old = append(h.old, line[1:]...)
			}
			if line[0] != '-' {
				h.new = append(h.new, line[1:]...)
			}
		}
	}
	if len(p) == 0 {
		return nil, fmt.Errorf("no changes: %.40q", cmp.Or(string(text), "empty"))
	}
	return p, nil
}

// apply changes one file. It fails if what is to be changed is not there
// exactly once.
func (p patch) apply(file string, text []byte) ([]byte, error) {
	for _, h := range p[file] {
		if n := bytes.Count(text, h.old); n != 1 {
			return nil, fmt.Errorf("the patch does not apply to %s any more: found %d times:\n%s", file, n, h.old)
		}
		text = bytes.Replace(text, h.old, h.new, 1)
	}
	return text, nil
}
