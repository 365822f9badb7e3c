package sched_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/verify/explore/sched"
	"github.com/eventvalue/event/internal/verify/explore/sched/atomic"
	"github.com/eventvalue/event/internal/verify/explore/sched/sync"
)

// shared is what a random program works on.
type shared struct {
	cells [2]atomic.Uint32
	mu    sync.Mutex
	c     chan uint32
}

// An op is one operation of a random program. What it learns is part of the
// outcome.
type op func(s *shared, val uint32) (learnt uint32)

var ops = []op{
	func(s *shared, _ uint32) uint32 { return s.cells[0].Load() },
	func(s *shared, _ uint32) uint32 { return s.cells[1].Load() },
	func(s *shared, val uint32) uint32 { s.cells[0].Store(val); return 0 },
	func(s *shared, val uint32) uint32 { return s.cells[1].Swap(val) },
	func(s *shared, val uint32) uint32 { return s.cells[0].Add(val) },
	func(s *shared, val uint32) uint32 {
		if s.cells[1].CompareAndSwap(0, val) {
			return 1
		}
		return 0
	},
	func(s *shared, val uint32) uint32 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.cells[0].Load()
	},
	func(s *shared, val uint32) uint32 {
		return uint32(sched.SelectDefault(sched.OnSend(s.c, val)) + 1)
	},
	func(s *shared, _ uint32) uint32 { return sched.Recv(s.c) },
	func(s *shared, val uint32) uint32 {
		sched.Go1(s.cells[1].Store, val)
		return 0
	},
}

// A program is what each of its threads does.
type program [][]int

func randomProgram(r *rand.Rand) program {
	p := make(program, 2+r.IntN(2))
	for i := range p {
		for range 1 + r.IntN(5-len(p)) {
			p[i] = append(p[i], r.IntN(len(ops)))
		}
	}
	return p
}

// scenario notes every outcome of the program: what each thread has learnt, and
// who waits. If twins, all threads are of one group and do what the first does;
// then it is no part of an outcome which of them is which.
func (p program) scenario(twins bool, outcomes map[string]bool) *sched.Scenario {
	return &sched.Scenario{Name: fmt.Sprint(p), Run: func(r *sched.Run) {
		s := &shared{c: make(chan uint32, 1)}
		learnt := make([][]uint32, len(p))
		work := func(i int, todo []int) {
			for n, o := range todo {
				val := uint32(10*i + n + 1)
				if twins {
					val = uint32(n + 1)
				}
				learnt[i] = append(learnt[i], ops[o](s, val))
			}
		}
		if twins {
			r.Group("twin", len(p), func(i int) { work(i, p[0]) })
		} else {
			for i := range p {
				r.Go(fmt.Sprint(i), func() { work(i, p[i]) })
			}
		}
		r.Finally(func(waiting []string) error {
			if twins {
				slices.SortFunc(learnt, slices.Compare)
				waiting = nil
			}
			outcomes[fmt.Sprint(learnt, s.cells[0].Load(), s.cells[1].Load(), waiting)] = true
			return nil
		})
	}}
}

// TestRememberingStatesLosesNoOutcome compares a search that does not enter a
// state twice with one that does, over random programs.
func TestRememberingStatesLosesNoOutcome(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	compared, spared := 0, uint64(0)
	for n := range 60 {
		p, twins := randomProgram(r), n%3 == 0
		for _, bound := range []int{0, 1, 2, sched.Unlimited} {
			all, met := map[string]bool{}, map[string]bool{}
			var every sched.Result
			sched.EnterAllStates(func() { every = sched.Explore(p.scenario(twins, all), bound, 20_000) })
			require.Empty(t, every.Failure)
			if !every.Exhausted {
				continue // too many for a test
			}
			fewer := sched.Explore(p.scenario(twins, met), bound, 0)
			require.Empty(t, fewer.Failure)
			require.Equal(t, all, met, "%v, twins: %t, bound %d", p, twins, bound)
			compared++
			spared += every.Schedules - fewer.Schedules
		}
	}
	assert.Greater(t, compared, 150)
	assert.NotZero(t, spared)
}
