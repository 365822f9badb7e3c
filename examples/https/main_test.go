package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

// TestNoRequestFails runs the demonstration with few connections.
func TestNoRequestFails(t *testing.T) {
	var out, errs bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"-connections", "50"}, &out, &errs), errs.String())
	assert.Contains(t, out.String(), "requests over 50 connections, 0 failed.")
	assert.Equal(t, 7, strings.Count(out.String(), " s "), out.String())
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-connections", "0"}, {"one"}, {"-what"}} {
		var out, errs bytes.Buffer
		assert.Equal(t, 2, run(t.Context(), args, &out, &errs), args)
		assert.Contains(t, errs.String(), "usage")
	}
}

func TestMissingFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{filepath.Join(dir, "a.toml"), filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")}, &out, &errs)
	assert.Equal(t, 1, code)
	assert.Contains(t, errs.String(), dir)
}

func TestDecode(t *testing.T) {
	for text, want := range map[string]string{
		"address = \"127.0.0.1:1\"\nmessage = \"a\"\n":        "",
		"address = \"127.0.0.1\"\nmessage = \"a\"\n":          "missing port",
		"address = \"127.0.0.1:1\"\n":                         "message: is missing",
		"address = \"127.0.0.1:1\"\nmessage = \"a\"\nx = 1\n": "unknown key x",
		"address = \n": "",
	} {
		_, err := decode([]byte(text))
		if want == "" && text != "address = \n" {
			assert.NoError(t, err, text)
		} else {
			assert.ErrorContains(t, err, want, text)
		}
	}
}

// newTestServer returns a Server whose files are in a new directory, and a function
// that replaces its configuration.
func newTestServer(t *testing.T, address string) (s *Server, move func(address string)) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	a, err := newAuthority()
	require.NoError(t, err)
	cert, key, err := a.issue()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path("cert.pem"), cert, 0o600))
	require.NoError(t, os.WriteFile(path("key.pem"), key, 0o600))
	move = func(address string) {
		text := "address = \"" + address + "\"\nmessage = \"hi\"\n"
		require.NoError(t, replaceFile(path("c.toml"), []byte(text)))
	}
	move(address)
	return NewServer(path("c.toml"), path("cert.pem"), path("key.pem"), file.Quiet(time.Millisecond)), move
}

// TestServerEndsWithItsContext checks that no goroutine of a Server is left
// after the last request.
func TestServerEndsWithItsContext(t *testing.T) {
	s, _ := newTestServer(t, "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	_, err := event.Wait(t.Context(), s.Address(), func(string) bool { return true })
	require.NoError(t, err)
	cancel()
	assert.ErrorIs(t, <-served, context.Canceled)
}

// TestServerMovesBack returns to an address while the old server there still
// listens.
func TestServerMovesBack(t *testing.T) {
	first, err := freeAddress()
	require.NoError(t, err)
	second, err := freeAddress()
	require.NoError(t, err)
	s, move := newTestServer(t, first)
	ctx, cancel := context.WithTimeout(t.Context(), demoPatience)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	for _, address := range []string{first, second, first, second} {
		move(address)
		_, err := event.Wait(ctx, s.Address(), func(at string) bool { return at == address })
		require.NoError(t, err)
	}
	cancel()
	assert.ErrorIs(t, <-served, context.Canceled)
}
