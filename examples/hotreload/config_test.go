package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// edited is the demonstration's file with one piece replaced.
func edited(t *testing.T, old, replacement string) string {
	t.Helper()
	require.Contains(t, original, old)
	return strings.Replace(original, old, replacement, 1)
}

func TestParseGood(t *testing.T) {
	c, err := Parse("a.toml", []byte(original))
	require.NoError(t, err)
	require.Equal(t, "info", c.LogLevel)
	require.Equal(t, "5s", c.Server.ReadTimeout.String())
	require.Equal(t, Limits{RequestsPerSecond: 500, Burst: 50}, c.Limits)
	require.Zero(t, c.Version)
}

func TestParseErrorsNamePosition(t *testing.T) {
	for name, test := range map[string]struct {
		old, new, err string
	}{
		"syntax":          {`"5s"`, `"5s`, "a.toml:6:19: basic strings cannot have new lines"},
		"no value":        {"burst = 50", "burst =", "a.toml:11:8: "},
		"type":            {"= 100", `= "many"`, "a.toml:7:19: cannot decode TOML string into "},
		"duration":        {`"5s"`, `"5 parsecs"`, "a.toml:6:1: server.read_timeout: \"5 parsecs\" is not a duration"},
		"no unit":         {`"5s"`, `5`, "a.toml:6:1: server.read_timeout: \"5\" is not a duration"},
		"twice":           {"burst = 50", "burst = 50\nburst = 51", "a.toml:12:1: "},
		"unknown key":     {"burst", "brust", "a.toml:11:1: limits.brust: unknown key"},
		"unknown keys":    {"burst = 50", "x = 1\ny = 2\nz = 3", "a.toml:11:1: limits.x: unknown key (and 2 more)"},
		"unknown section": {"[limits]", "[limit]", "a.toml:9:2: limit: unknown key"},
		"version":         {"log_level", "Version = 7\nlog_level", "a.toml:2:1: Version: unknown key"},
		"choice":          {`"info"`, `"loud"`, `a.toml:2:1: log_level: "loud" is not one of debug, info, warn, error`},
		"address":         {`.0.1:8080"`, `.0.1"`, `a.toml:5:1: server.address: "127.0.0.1" is not of the form host:port`},
		"too little":      {"= 100", "= 0", "a.toml:7:1: server.max_connections: 0 is not between 1 and 100000"},
		"too much":        {"= 100", "= 100001", "a.toml:7:1: server.max_connections: 100001 is not between"},
		"too long":        {`"5s"`, `"1h"`, "a.toml:6:1: server.read_timeout: 1h0m0s is not between 1ms and 10m0s"},
		"of each other":   {"burst = 50", "burst = 501", "a.toml:11:1: limits.burst: 501 is not between 1 and 500"},
		"missing":         {"burst = 50", "", "a.toml:1:1: limits.burst: is missing"},
		"empty":           {original, "", "a.toml:1:1: log_level: is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Parse("a.toml", []byte(edited(t, test.old, test.new)))
			require.Nil(t, c)
			require.ErrorContains(t, err, test.err)
			require.NotContains(t, err.Error(), "\n", "one line")
			var bad *ConfigError
			require.ErrorAs(t, err, &bad)
		})
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.toml")
	_, err := Load(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, path)

	require.NoError(t, replaceFile(path, edited(t, "burst", "brust")))
	_, err = Load(path)
	require.ErrorContains(t, err, path+":11:1: ")
}

func TestChanges(t *testing.T) {
	a, err := Parse("a.toml", []byte(original))
	require.NoError(t, err)
	b, err := Parse("a.toml", []byte("# Nothing but a comment.\n"+original))
	require.NoError(t, err)
	require.Empty(t, b.Changes(a))
	require.Equal(t, []string{"first load"}, a.Changes(nil))

	b.LogLevel, b.Limits.Burst = "warn", 7
	require.Equal(t, []string{"log_level info → warn", "limits.burst 50 → 7"}, b.Changes(a))
}
