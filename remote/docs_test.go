package remote_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// TestLoopsInTheDocsAreExamples checks that example_test.go has each loop that
// the documents show, with the line before it. TestLoopOfTheDocs runs the loop.
func TestLoopsInTheDocsAreExamples(t *testing.T) {
	examples, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	found := 0
	for _, name := range []string{"doc.go", "../docs/remote.md"} {
		doc, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, loop := range loops(string(doc)) {
			found++
			assert.True(t, strings.Contains(flat(string(examples)), flat(loop)), "%s:\n%s", name, loop)
		}
	}
	assert.Equal(t, 1, found)
}

// loops returns the loops in text, with the line before each.
func loops(text string) (all []string) {
	lines := strings.Split(strings.ReplaceAll(text, "\n//", "\n"), "\n")
	for i, line := range lines {
		body := strings.TrimLeft(line, "\t")
		if i == 0 || !strings.HasPrefix(body, "for ") || !strings.HasSuffix(body, "{") {
			continue
		}
		end := slices.Index(lines[i:], line[:len(line)-len(body)]+"}")
		if end > 0 {
			all = append(all, strings.Join(lines[i-1:i+end+1], "\n"))
		}
	}
	return all
}

// flat returns s without the indentation of its lines.
func flat(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// TestLoopOfTheDocs runs the loop before a server has answered, over a value
// that does not decode, and over a second Restart. The loop must show the table
// only while it is complete.
func TestLoopOfTheDocs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		r := remote.NewRange(f, "p/", remote.JSON[Flag]())
		defer r.Close()
		ctx, cancel := context.WithCancel(t.Context())
		f.Cut(errors.New("cable"))
		shown, resume, ended := make(chan map[string]Flag), make(chan bool), make(chan error)
		go func() {
			ended <- followFlags(ctx, r, func(table map[string]Flag) {
				shown <- maps.Clone(table)
				<-resume
			})
		}()
		synctest.Wait()
		put(t, f, "p/a", "true")
		put(t, f, "p/b", "true")
		f.Heal()
		assert.Equal(t, map[string]Flag{"p/a": true, "p/b": true}, <-shown, "the first table")
		put(t, f, "p/b", "no JSON")
		synctest.Wait()
		resume <- true
		assert.Equal(t, map[string]Flag{"p/a": true}, <-shown)
		const gone = 2 * remote.MinTombstones
		for i := range gone {
			put(t, f, fmt.Sprint("p/", i), "true")
		}
		synctest.Wait()
		resume <- true
		assert.Equal(t, gone+1, len(<-shown))
		for i := range gone {
			remove(t, f, fmt.Sprint("p/", i))
		}
		synctest.Wait()
		resume <- true
		assert.Equal(t, map[string]Flag{"p/a": true}, <-shown, "complete again after the Restart")
		cancel()
		synctest.Wait()
		resume <- true
		assert.ErrorIs(t, <-ended, context.Canceled)
	})
}
