package file_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

func TestJSON(t *testing.T) {
	type config struct {
		Name string
		List []struct{ Name string }
		Sub  struct{ Burst int }
		Map  map[string]int
	}
	good, err := file.JSON[config]([]byte(`{"name": "a", "list": [{"name": "b"}], "sub": {"burst": 5}}`))
	require.NoError(t, err)
	require.Equal(t, 5, good.Sub.Burst)
	for name, test := range map[string]struct {
		text         string
		line, column int
		err          string
	}{
		"syntax":        {"{\n \"name\": ?}", 2, 10, "invalid character"},
		"end":           {"{\n \"name\":", 2, 9, "unexpected end"},
		"empty":         {"", 1, 1, "unexpected end"},
		"type":          {"{\n \"sub\": {\"burst\": \"x\"}}", 2, 21, "cannot unmarshal string"},
		"unknown":       {"{\n \"brust\": 1}", 2, 2, `unknown field "brust"`},
		"unknown below": {"{\"name\": \"burst\",\n \"sub\": {\"burst\": 1,\n \"name\": 1}}", 3, 2, `unknown field "name"`},
		"unknown above": {"{\"sub\": {\"burst\": 1},\n \"list\": [{\"name\": \"]\"}],\n  \"burst\": 1}", 3, 3, `unknown field "burst"`},
		"unknown last":  {"{\"map\": {\"\\\"burst\": 1}, \"sub\": {\"burst\": 1}, \"list\": [{\"name\": \"burst\"}],\n \"burst\" : 1,\n \"burst\": 2, \"list\": [{\"name\": \"burst\"}" + strings.Repeat(`, {"name": "burst"}`, 20) + "]}", 2, 2, `unknown field "burst"`},
		"null":          {"\n null\n", 2, 2, "the JSON value is null"},
		"two":           {"{}\n{}", 2, 2, "more than one"},
		"not UTF-8":     {"{\"name\":\n\"\xff\"}", 2, 2, "not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := file.JSON[config]([]byte(test.text))
			require.Zero(t, c)
			e, ok := errors.AsType[*file.Error](err)
			require.True(t, ok, "%v", err)
			require.ErrorContains(t, err, test.err)
			require.Equal(t, []int{test.line, test.column}, []int{e.Line, e.Column}, "%v", err)
		})
	}
}
