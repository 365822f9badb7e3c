package bench_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/bench"
	"github.com/eventvalue/event/eventtest"
	"github.com/eventvalue/event/internal/testkit"
)

// TestConformance shows that no contender is a wrong program. Cond and
// cond-fresh, whose waits cannot be ended, are not here, since most of the
// suite ends one: cond-context is cond's code but for its wait, and
// TestCondDelivers asks the rest.
func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name  string
		new   func() bench.Value[*eventtest.Item]
		lacks []eventtest.Capability
	}{
		{"event", bench.NewEvent[*eventtest.Item], nil},
		{"cond-context", bench.NewCondContext[*eventtest.Item], nil},
		{"channel", bench.NewChannel[*eventtest.Item], fewRounds()},
		{"replace-eager", bench.NewReplaceEager[*eventtest.Item], nil},
		{"replace-lazy", bench.NewReplaceLazy[*eventtest.Item], nil},
		// It waits on nothing that a bubble knows, and its watchers keep what
		// they have seen.
		{"poll", bench.NewPoll[*eventtest.Item], []eventtest.Capability{eventtest.Bubble, eventtest.Collectable}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && (c.name == "poll" || c.name == "channel") {
				t.Skip("takes long, since it polls, or since each Set goes to all watchers")
			}
			eventtest.Run(t, func(testing.TB) eventtest.Subject {
				return bench.Subject(c.new())
			}, append(c.lacks, bench.Lacks()...)...)
		})
	}
}

// TestCondDelivers asks what can be asked of those whose waits cannot be ended:
// values come in order, none twice, the newest in the end, and at once to who
// comes late.
func TestCondDelivers(t *testing.T) {
	for name, v := range map[string]bench.Value[int64]{
		"cond": bench.NewCond[int64](), "cond-fresh": bench.NewCondFresh[int64](),
	} {
		t.Run(name, func(t *testing.T) {
			const sets, watchers = 2000, 8
			var all sync.WaitGroup
			for range watchers {
				w := v.Watch()
				all.Go(func() {
					for last := int64(0); last < sets; {
						n, err := w.Get(t.Context())
						if !assert.NoError(t, err) || !assert.Greater(t, n, last) {
							return
						}
						last = n
					}
				})
			}
			for n := range int64(sets) {
				v.Set(n + 1)
				if n%8 == 0 {
					runtime.Gosched() // Let them wait now and then.
				}
			}
			all.Wait()
			n, err := v.Watch().Get(t.Context())
			assert.NoError(t, err)
			assert.EqualValues(t, sets, n)
		})
	}
}

// fewRounds is for a Set that takes longer the more watchers there are, of
// which the suite leaves many open. Where all takes longer anyway, it makes the
// suite do less: a contender that does not wait for what a bubble knows gets
// fewer rounds.
func fewRounds() []eventtest.Capability {
	if testkit.RaceEnabled {
		return []eventtest.Capability{eventtest.Bubble}
	}
	return nil
}
