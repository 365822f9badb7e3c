package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestScreenLive(t *testing.T) {
	var out output
	s := NewScreen(&out, true)
	stop := s.Live(func() string { return "7/10" })
	seen := len(out.waitFor(t, 0, "\r7/10"))
	s.Printf("a row\n")
	require.Equal(t, "\r    \ra row\n\r7/10", out.String()[seen:])
	stop()
	require.Equal(t, "\r    \r", out.String()[len(out.String())-6:], "it leaves nothing behind")
	stop()
}

func TestRows(t *testing.T) {
	var out bytes.Buffer
	s := NewScreen(&out, false)
	s.Heading()
	lags := make([]time.Duration, 103) // Of which three were skipped.
	for i := range 100 {
		lags[i] = time.Duration(100-i) * time.Millisecond
	}
	s.Rows([]*Delivery{
		{Version: 4, Changes: []string{"a 1 → 2"}, Set: 1500 * time.Nanosecond, Lags: lags},
		{Version: 5, Changes: []string{"a long name = a longer value", "and one more"}, Lags: make([]time.Duration, 2)},
	})
	require.Equal(t, ""+
		"version  what changed                                  Set      p50      p99     last  skipped\n"+
		"                                                        µs       ms       ms       ms  workers\n"+
		"      4  a 1 → 2                                       1.5    50.00    99.00   100.00        3\n"+
		"      5  a long name = a longer value, and one m…      0.0        –        –        –        2\n",
		out.String())
}
