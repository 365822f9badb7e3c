package eventtest

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/eventvalue/event/internal/testkit"
)

// A guarantee is a subtest of the suite, for one guarantee of package event.
type guarantee struct {
	name  string
	rules []rule
}

// A rule is one part of a guarantee, with its test.
type rule struct {
	name  string
	test  func(*harness)
	needs []Capability
	mode  mode
}

type mode int

const (
	inBubble mode = iota // in a bubble, unless Bubble is lacking
	realTime             // depends on schedules, or a broken implementation may hang on a mutex
	noRace               // like realTime, but meaningless under the race detector
	onlyRace             // like realTime, but meaningless without the race detector
)

func needs(c ...Capability) []Capability { return c }

// guarantees returns the suite.
func guarantees() []guarantee {
	return slices.Concat(state(), progress(), gets(), closing(), composition())
}

// Run runs the suite. newSubject makes a Subject for each subtest. It is called
// on the goroutine of the subtest, within its bubble if there is one. It should
// release resources in t.Cleanup. lacks must contain exactly the capabilities
// that the implementation lacks.
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
		t.Skip("meaningless under the race detector")
	}
	if r.mode == onlyRace && !testkit.RaceEnabled {
		t.Skip("meaningless without the race detector")
	}
	bubble := r.mode == inBubble && !slices.Contains(lacks, Bubble)
	g := new(gate)
	test := func(t *testing.T) { r.test(newHarness(t, g, newSubject, lacks, bubble)) }
	contained(t, g, func() {
		if bubble {
			synctest.Test(t, test)
		} else {
			test(t)
		}
	})
}

// contained runs a test. If the test never returns, or if goroutines of its
// bubble never return, the test fails and no other test is affected.
func contained(t *testing.T, g *gate, test func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				g.report(func() { t.Errorf("panic: %v", p) })
			}
		}()
		test()
	}()
	if !g.await(done, 3*patience) {
		g.close()
		t.Fatal("hangs: a call blocks that must not block")
	}
}
