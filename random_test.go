package event_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/internal/verify/model/replay"
)

var randomSeed = flag.Uint64("random.seed", 0, "run only the random program of this `seed`")

// TestRandomProgramsAgreeWithModel runs long random programs on several values and
// watchers and compares each step with the model. To see a failure again, run it with the
// -random.seed that it prints.
func TestRandomProgramsAgreeWithModel(t *testing.T) {
	const programs, steps = 12, 4000
	seeds := []uint64{*randomSeed}
	if seeds[0] == 0 {
		seeds = nil
		for range programs {
			seeds = append(seeds, rand.Uint64())
		}
	}
	n := steps
	if testing.Short() || testkit.RaceEnabled {
		n /= 8
	}
	for _, seed := range seeds {
		program := randomProgram(seed, steps)[:n*replay.StepSize]
		synctest.Test(t, func(t *testing.T) {
			limits := replay.Limits{Values: 4, Watchers: 12, Contexts: 6}
			if err := replay.Values(program, limits); err != nil {
				t.Errorf("-random.seed=%d: %v", seed, err)
			}
		})
	}
}

// TestRandomNotifyAgreesWithModel does so with broadcasts and waiters.
func TestRandomNotifyAgreesWithModel(t *testing.T) {
	const programs, steps = 100, 500
	for range programs {
		seed := rand.Uint64()
		if *randomSeed != 0 {
			seed = *randomSeed
		}
		program := randomBytes(seed, steps*replay.StepSize)
		synctest.Test(t, func(t *testing.T) {
			if err := replay.Notify(program); err != nil {
				t.Errorf("-random.seed=%d: %v", seed, err)
			}
		})
		if *randomSeed != 0 || testing.Short() {
			break
		}
	}
}

func randomBytes(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// randomProgram is random bytes in which the operations have weights: what ends
// something for good is rare, and what follows it by chance frequent.
func randomProgram(seed uint64, steps int) []byte {
	weights := []struct{ op, weight byte }{
		{replay.Set, 30},
		{replay.Update, 8},
		{replay.Watch, 8},
		{replay.Get, 60},
		{replay.Backlog, 25},
		{replay.Changed, 20},
		{replay.CloseWatcher, 3},
		{replay.CloseValue, 1},
		{replay.Cancel, 6},
		{replay.NewContext, 12},
		{replay.CancelThenSet, 5},
		{replay.CloseThenSet, 2},
		{replay.Advance, 2},
		{replay.Renew, 4},
		{replay.Crowd, 1},
	}
	var ops []byte
	for _, w := range weights {
		for range w.weight {
			ops = append(ops, w.op)
		}
	}
	p := randomBytes(seed, steps*replay.StepSize)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := 0; i < len(p); i += replay.StepSize {
		p[i] = ops[r.IntN(len(ops))]
	}
	return p
}
