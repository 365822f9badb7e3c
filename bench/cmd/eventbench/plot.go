package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A drawing is one plot. Bench/plot has the same type.
type drawing struct {
	File, Title, X, Y string
	UnitX, UnitY      string
	LogX, LogY        bool
	Lines             []plotLine
}

type plotLine struct {
	Name   string
	Points [][2]float64
}

// plot runs bench/plot, which draws the plots into a directory.
func (o *options) plot(ctx context.Context, r *results, dir string) error {
	data, err := json.Marshal(r.drawings())
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", ".", "-out", dir)
	cmd.Dir = filepath.Join(o.root, "bench", "plot")
	cmd.Stdin = bytes.NewReader(data)
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	return nil
}

func (r *results) drawings() []drawing {
	return []drawing{
		{
			File: "set.svg", Title: "How long a Set takes", X: "watchers that wait", Y: "duration of the call", UnitY: "s",
			LogX: true, LogY: true, Lines: r.againstWatchers("sec/set"),
		},
		{
			File: "last.svg", Title: "From Set until the last watcher has the value",
			X: "watchers that wait", Y: "time since the beginning of Set", UnitY: "s",
			LogX: true, LogY: true, Lines: r.againstWatchers("sec/last"),
		},
		{
			File: "latency.svg", Title: "Wake-up latency of 1,000 watchers",
			X: "time since the beginning of Set", UnitX: "s", Y: "share of the watchers that have the value",
			LogX: true, Lines: r.distribution(),
		},
	}
}

// againstWatchers returns one line per rival: the medians of a unit of
// SetParked against the number of watchers.
func (r *results) againstWatchers(unit string) (lines []plotLine) {
	for _, rival := range r.rivals("SetParked", unit) {
		l := plotLine{Name: rival}
		for _, params := range r.params["SetParked"] {
			n, shared := strings.CutPrefix(params, shared)
			x, err := strconv.ParseFloat(n, 64)
			if v, ok := r.value(figure{"SetParked", params, rival, unit}); ok && shared && err == nil {
				l.Points = append(l.Points, [2]float64{x, v.Center})
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// distribution returns one line per rival: the quantiles of Latency.
func (r *results) distribution() (lines []plotLine) {
	quantiles := []float64{1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99}
	for _, rival := range r.rivals("Latency", "p50-sec") {
		l := plotLine{Name: rival}
		for _, q := range quantiles {
			f := figure{"Latency", r.params["Latency"][0], rival, fmt.Sprintf("p%v-sec", q)}
			if v, ok := r.value(f); ok {
				l.Points = append(l.Points, [2]float64{v.Center, q / 100})
			}
		}
		lines = append(lines, l)
	}
	return lines
}
