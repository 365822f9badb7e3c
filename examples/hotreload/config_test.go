package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

// edited is the demonstration's file with one piece replaced.
func edited(t *testing.T, old, replacement string) string {
	t.Helper()
	require.Contains(t, original, old)
	return strings.Replace(original, old, replacement, 1)
}

func TestParseGood(t *testing.T) {
	c, err := decodeService([]byte(original))
	require.NoError(t, err)
	require.Len(t, c.Settings, 6)
	require.Equal(t, Setting{"log_level", "info"}, c.Settings[0])
	require.Equal(t, Setting{"server.read_timeout", 5 * time.Second}, c.Settings[2])
	require.Equal(t, Setting{"limits.burst", 50}, c.Settings[5])
	require.Zero(t, c.Version)
}

func TestParseErrorsNamePosition(t *testing.T) {
	for name, test := range map[string]struct {
		old, new, err string
	}{
		"syntax":          {`"5s"`, `"5s`, "6:19: basic strings cannot have new lines"},
		"no value":        {"burst = 50", "burst =", "11:8: "},
		"type":            {"= 100", `= "many"`, "7:19: cannot decode TOML string into "},
		"duration":        {`"5s"`, `"5 parsecs"`, "6:1: server.read_timeout: \"5 parsecs\" is not a duration"},
		"no unit":         {`"5s"`, `5`, "6:1: server.read_timeout: \"5\" is not a duration"},
		"twice":           {"burst = 50", "burst = 50\nburst = 51", "12:1: "},
		"unknown key":     {"burst", "brust", "11:1: unknown key limits.brust"},
		"unknown keys":    {"burst = 50", "x = 1\ny = 2\nz = 3", "11:1: unknown key limits.x (and 2 more)"},
		"unknown section": {"[limits]", "[limit]", "9:2: unknown key limit"},
		"version":         {"log_level", "Version = 7\nlog_level", "2:1: unknown key Version"},
		"choice":          {`"info"`, `"loud"`, `2:1: log_level: "loud" is not one of debug, info, warn, error`},
		"address":         {`.0.1:8080"`, `.0.1"`, `5:1: server.address: "127.0.0.1" is not of the form host:port`},
		"too little":      {"= 100", "= 0", "7:1: server.max_connections: 0 is not between 1 and 100000"},
		"too much":        {"= 100", "= 100001", "7:1: server.max_connections: 100001 is not between"},
		"too long":        {`"5s"`, `"1h"`, "6:1: server.read_timeout: 1h0m0s is not between 1ms and 10m0s"},
		"of each other":   {"burst = 50", "burst = 501", "11:1: limits.burst: 501 is not between 1 and 500"},
		"missing":         {"burst = 50", "", "1:1: limits.burst: is missing"},
		"empty":           {original, "", "1:1: log_level: is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := decodeService([]byte(edited(t, test.old, test.new)))
			require.Nil(t, c)
			require.ErrorContains(t, err, test.err)
			require.NotContains(t, err.Error(), "\n", "one line")
			var bad *file.Error
			require.ErrorAs(t, err, &bad)
		})
	}
}

func TestChanges(t *testing.T) {
	a, err := decodeService([]byte(original))
	require.NoError(t, err)
	b, err := decodeService([]byte("# Nothing but a comment.\n" + original))
	require.NoError(t, err)
	require.Equal(t, []string{"no setting"}, b.Changes(a))
	require.Equal(t, []string{"first load"}, a.Changes(nil))

	b.Settings[0].Value, b.Settings[5].Value = "warn", 7
	require.Equal(t, []string{"log_level info → warn", "limits.burst 50 → 7"}, b.Changes(a))
	b.Settings = append(b.Settings[1:], Setting{"new", true})
	require.Equal(t, []string{"limits.burst 50 → 7", "new – → true", "log_level info → –"}, b.Changes(a))
}
