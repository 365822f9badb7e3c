package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const input = `[{"File": "a.svg", "Title": "T", "X": "across", "Y": "up", "LogX": true, "LogY": true,
	"Lines": [{"Name": "one", "Points": [[1, 1e-6], [1000, 1e-3]]}, {"Name": "two", "Points": [[1, 2e-6], [1000, 2e-3]]}]}]`

func drawn(t *testing.T, input string) []byte {
	t.Helper()
	var ds []drawing
	if err := json.Unmarshal([]byte(input), &ds); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := ds[0].save(dir); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(dir, ds[0].File))
	if err != nil {
		t.Fatal(err)
	}
	return svg
}

func TestSameBytes(t *testing.T) {
	svg := drawn(t, input)
	for range 5 {
		if !bytes.Equal(svg, drawn(t, input)) {
			t.Fatal("the same input makes different pictures")
		}
	}
	for _, text := range []string{"across", "up", "one", "two"} {
		if !strings.Contains(string(svg), text) {
			t.Errorf("the picture does not say %q", text)
		}
	}
	if bytes.Equal(svg, drawn(t, strings.ReplaceAll(input, "2e-3", "3e-3"))) {
		t.Error("another input makes the same picture")
	}
}
