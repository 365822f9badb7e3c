package remote_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestApply(t *testing.T) {
	table := map[string]string{"old": "1"}
	for _, e := range []entry{restart, {Key: "a", Value: "1", Present: true}, {Key: "b", Value: "1", Present: true}, {Key: "a"}} {
		e.Apply(table)
	}
	assert.Equal(t, []string{"b"}, slices.Sorted(maps.Keys(table)))
}
