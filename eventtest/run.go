package eventtest

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/eventvalue/event/internal/testkit"
)

// A guarantee is a subtest of the suite: what package event numbers.
type guarantee struct {
	name  string
	rules []rule
}

// A rule is one thing that a guarantee says, and the test of it.
type rule struct {
	name  string
	test  func(*harness)
	needs []Capability
	mode  mode
}

type mode int

const (
	inBubble mode = iota // unless Bubble is lacking
	realTime             // schedules matter, or what is broken may hang on a mutex
	noRace               // like realTime, and nothing to be seen under the race detector
	onlyRace             // like realTime, and nothing to be seen without the race detector
)

func needs(c ...Capability) []Capability { return c }

// guarantees is the suite.
func guarantees() []guarantee {
	return slices.Concat(state(), progress(), gets(), ends(), composition())
}

// Run runs the suite, each subtest on a Subject of its own, which newSubject makes. It is
// called on the goroutine of the subtest and in its bubble if there is one; what it needs to
// release belongs into t.Cleanup. Declare what the implementation lacks, and nothing else.
func Run(t *testing.T, newSubject func(t testing.TB) Subject, lacks ...Capability) {
	t.Helper()
	for _, c := range lacks {
		if !slices.Contains(capabilities, c) {
			t.Fatalf("eventtest: there is no capability %q", c)
		}
	}
	missing, err := newSubject(t).lacking()
	if err != nil {
		t.Fatal(err)
	}
	lacks = slices.Concat(lacks, missing)
	for _, g := range guarantees() {
		t.Run(g.name, func(t *testing.T) {
			for _, r := range g.rules {
				t.Run(r.name, func(t *testing.T) { r.run(t, newSubject, lacks) })
			}
		})
	}
}

func (r rule) run(t *testing.T, newSubject func(testing.TB) Subject, lacks []Capability) {
	for _, c := range r.needs {
		if slices.Contains(lacks, c) {
			t.Skipf("lacking: %s", c)
		}
	}
	if r.mode == noRace && testkit.RaceEnabled {
		t.Skip("says nothing under the race detector")
	}
	if r.mode == onlyRace && !testkit.RaceEnabled {
		t.Skip("says nothing without the race detector")
	}
	bubble := r.mode == inBubble && !slices.Contains(lacks, Bubble)
	over := new(gate)
	test := func(t *testing.T) { r.test(newHarness(t, over, newSubject, lacks, bubble)) }
	contained(t, over, func() {
		if bubble {
			synctest.Test(t, test)
		} else {
			test(t)
		}
	})
}

// contained runs a test such that it fails, and nothing else does, if it never ends or if
// its bubble is left with goroutines that do not.
func contained(t *testing.T, over *gate, test func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				over.report(func() { t.Errorf("panic: %v", p) })
			}
		}()
		test()
	}()
	if !over.awaits(done, 3*patience) {
		over.close()
		t.Fatal("hangs: something blocks that must not")
	}
}
