package yaml_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
	"github.com/eventvalue/event/file/yaml"
)

type config struct {
	Level  string
	Limits struct{ Burst int }
}

func TestDecode(t *testing.T) {
	c, err := yaml.Decode[config]([]byte("level: info\nlimits:\n  burst: 5\n"))
	require.NoError(t, err)
	require.Equal(t, "info", c.Level)
	require.Equal(t, 5, c.Limits.Burst)
}

func TestFields(t *testing.T) {
	type fields struct {
		Level    slog.Level
		Wait     time.Duration
		LongName int
		Tagged   int `yaml:"other-name"`
	}
	c, err := yaml.Decode[fields]([]byte("level: debug\nwait: 1m30s\nlongname: 1\nother-name: 2\n"))
	require.NoError(t, err)
	require.Equal(t, fields{slog.LevelDebug, 90 * time.Second, 1, 2}, c)
	c, err = yaml.Decode[fields]([]byte("{}"))
	require.NoError(t, err)
	require.Zero(t, c)
}

func TestErrorsNamePosition(t *testing.T) {
	for name, test := range map[string]struct {
		text         string
		line, column int
		err          string
	}{
		"syntax":    {"level: info\nlimits: [1, 2\n", 3, 1, ""},
		"type":      {"level: info\nlimits:\n  burst: many\n", 3, 10, ""},
		"unknown":   {"level: info\nlimits:\n  brust: 5\n", 3, 3, "brust"},
		"twice":     {"level: a\nlevel: b\n", 2, 1, "level"},
		"documents": {"level: a\n---\nlevel: b\n", 0, 0, "more than one document"},
		"comment":   {"# nothing\n", 0, 0, "no document"},
		"null":      {"null\n", 0, 0, "no document"},
		"begin":     {"---\n", 0, 0, "no document"},
		"tilde":     {"---\n~ # nothing\n", 0, 0, "no document"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := yaml.Decode[config]([]byte(test.text))
			require.Zero(t, c)
			e, ok := errors.AsType[*file.Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, []int{test.line, test.column}, []int{e.Line, e.Column}, "%v", err)
			require.ErrorContains(t, err, test.err)
		})
	}
}
