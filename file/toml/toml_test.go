package toml_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
	"github.com/eventvalue/event/file/toml"
)

type config struct {
	Level  string
	Limits struct{ Burst int }
}

func TestDecode(t *testing.T) {
	c, err := toml.Decode[config]([]byte("level = \"info\"\n[limits]\nburst = 5\n"))
	require.NoError(t, err)
	require.Equal(t, "info", c.Level)
	require.Equal(t, 5, c.Limits.Burst)
}

func TestErrorsNamePosition(t *testing.T) {
	for name, test := range map[string]struct {
		text         string
		line, column int
		err          string
	}{
		"syntax":       {"level = \"info\"\n[limits]\nburst =\n", 3, 8, ""},
		"type":         {"level = \"info\"\n[limits]\nburst = \"many\"\n", 3, 9, ""},
		"unknown":      {"level = \"info\"\n[limits]\n  brust = 5\n", 3, 3, "unknown key limits.brust"},
		"unknown keys": {"a = 1\nb = 2\n", 1, 1, "unknown key a (and 1 more)"},
		"twice":        {"level = \"a\"\nlevel = \"b\"\n", 2, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := toml.Decode[config]([]byte(test.text))
			require.Zero(t, c)
			e, ok := errors.AsType[*file.Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, []int{test.line, test.column}, []int{e.Line, e.Column}, "%v", err)
			require.ErrorContains(t, err, test.err)
		})
	}
}
