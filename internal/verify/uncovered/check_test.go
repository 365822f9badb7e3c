package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const code = `package x
func f(n int) int {
	if n == 1 {
		return 1 // uncovered: nobody asks
	}
	if n == 2 { // by chance: a rare schedule
		return 2
	}
	return 3
}`

func sourceOf(string) ([]string, error) { return strings.Split(code, "\n"), nil }

func TestCheck(t *testing.T) {
	const file = "github.com/eventvalue/event/notify/x.go:"
	for _, c := range []struct {
		name, first, second, third string
		wrong                      string
	}{
		{"explained", "0", "0", "1", ""},
		{"by chance", "0", "5", "1", ""},
		{"not explained", "0", "0", "0", "no test gets here: return 3"},
		{"explained wrongly", "1", "0", "1", "a test gets here, but: nobody asks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			profile := "mode: set\n" +
				file + "2.19,3.12 1 1\n" +
				file + "3.12,5.3 1 " + c.first + "\n" +
				file + "6.12,8.3 1 " + c.second + "\n" +
				file + "9.2,9.10 1 " + c.third + "\n" +
				file + "2.19,3.12 1 0\n" // Another package's tests.
			r, err := check(profile, sourceOf)
			assert.NoError(t, err)
			if c.wrong == "" {
				assert.Empty(t, r.wrong)
				return
			}
			assert.Len(t, r.wrong, 1)
			assert.Contains(t, r.wrong[0], c.wrong)
		})
	}
	_, err := check("mode: set\n", sourceOf)
	assert.Error(t, err)
	_, err = check("gibberish\n", sourceOf)
	assert.Error(t, err)
}
