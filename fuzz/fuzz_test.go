// Package fuzz has the fuzz targets of packages event and park. The inputs are
// programs. Package replay runs each program on the library and on its model at
// the same time.
//
// The corpora are under testdata/fuzz, one directory per target. A plain go
// test ./fuzz replays them. This command searches for more inputs:
//
//	go test ./fuzz -run '^$' -fuzz FuzzValue -fuzztime 60s -fuzzminimizetime 10x
//
// Without the last flag the fuzzer spends its time minimizing inputs.
package fuzz

import (
	"testing"
	"testing/synctest"

	"github.com/eventvalue/event/internal/verify/model/replay"
)

// maxSteps limits the length of a program. Longer programs find nothing more.
const maxSteps = 200

// FuzzValue runs programs on one value with one watcher. They find long
// sequences of operations.
func FuzzValue(f *testing.F) {
	one := replay.Limits{Values: 1, Watchers: 1, Contexts: 2}
	f.Fuzz(func(t *testing.T, program []byte) {
		run(t, program, func(p []byte) error { return replay.Values(p, one) })
	})
}

// FuzzWatchers runs programs on several values and watchers, with several
// parked Gets.
func FuzzWatchers(f *testing.F) {
	several := replay.Limits{Values: 3, Watchers: 5, Contexts: 3}
	f.Fuzz(func(t *testing.T, program []byte) {
		run(t, program, func(p []byte) error { return replay.Values(p, several) })
	})
}

// FuzzNotify runs programs on broadcasts and waiters.
func FuzzNotify(f *testing.F) {
	f.Fuzz(func(t *testing.T, program []byte) { run(t, program, replay.Notify) })
}

func run(t *testing.T, program []byte, check func([]byte) error) {
	program = program[:min(len(program), maxSteps*stepSize)]
	synctest.Test(t, func(t *testing.T) {
		if err := check(program); err != nil {
			t.Error(err)
		}
	})
}

const stepSize = replay.StepSize
