package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Params are the parts of a scenario that do not change while it runs.
type Params struct {
	members    int
	rate       int64         // bytes per second of a line; 0 means unlimited
	latency    time.Duration // of requests
	metered    bool          // the Store counts the bytes that arrive on a connection
	own        bool          // the Store has a client, and not a wrapper
	fragment   int           // the size from which the events of a watch are split
	maxMessage int           // the greatest size that the client receives
	keys       int
	valueSize  int  // of the keys at the start
	onlySlow   bool // slow lines are the only faults
	silence    bool // at the end the servers fall silent
	closeFirst bool // the client is closed while it is used
}

// A Scenario is what happens in one run.
type Scenario struct {
	Seed int64
	Params
	Steps []Step
	End   time.Duration // the time at which all faults have ended

	// Trace is called with all that happens. It may be nil.
	Trace func(text string)
}

// A Step is one fault, or one thing that is done.
type Step struct {
	At     time.Duration
	Do     string // a key of actions
	N      int    // the member or key, or a kind
	Amount int
	For    time.Duration
}

func (s Step) String() string {
	text := fmt.Sprintf("%7.3fs %s %d", s.At.Seconds(), s.Do, s.N)
	if s.Amount != 0 {
		text += fmt.Sprintf(" amount %d", s.Amount)
	}
	if s.For != 0 {
		text += fmt.Sprintf(" for %v", s.For)
	}
	return text
}

// String lists the steps.
func (sc Scenario) String() string {
	lines := []string{fmt.Sprintf("seed %d, %+v, until %v:", sc.Seed, sc.Params, sc.End)}
	for _, s := range sc.Steps {
		lines = append(lines, s.String())
	}
	return strings.Join(lines, "\n")
}

// A maker makes a scenario.
type maker struct {
	*rand.Rand
	sc Scenario
}

// New returns the scenario of a seed.
func New(seed int64) Scenario {
	m := &maker{Rand: rand.New(rand.NewPCG(uint64(seed), 1)), sc: Scenario{Seed: seed}}
	m.sc.Params = Params{
		members: 1 + m.IntN(3), latency: time.Duration(m.IntN(20)) * time.Millisecond, metered: m.IntN(4) > 0, own: m.IntN(3) > 0,
		fragment: 64 << 10, maxMessage: 1 << 30, keys: 2 + m.IntN(10), valueSize: 20,
		silence: m.IntN(4) == 0, closeFirst: m.IntN(4) == 0,
	}
	switch n := m.IntN(64); {
	case n == 0:
		m.churn()
	case n < 8:
		m.slowLine()
	case n < 16:
		m.permissions()
	default:
		m.mixed()
	}
	slices.SortStableFunc(m.sc.Steps, func(a, b Step) int { return int(a.At - b.At) })
	return m.sc
}

// seconds returns a time between two numbers of seconds.
func (m *maker) seconds(least, most float64) time.Duration {
	return time.Duration((least + m.Float64()*(most-least)) * float64(time.Second)).Truncate(time.Millisecond)
}

func (m *maker) add(s Step) { m.sc.Steps = append(m.sc.Steps, s) }

// readers adds watchers that stay to the end.
func (m *maker) readers(least, most int) {
	for range least + m.IntN(most-least+1) {
		s := Step{At: m.seconds(0, 5), Do: "value", N: m.IntN(m.sc.keys)}
		if m.IntN(2) == 0 {
			s.Do, s.N = "range", m.IntN(2)
		}
		if m.IntN(4) == 0 {
			s.For = m.seconds(0.01, 3) // between two Gets
		}
		m.add(s)
	}
}

// work adds n writes and short watches before the end.
func (m *maker) work(n int, end time.Duration) {
	kinds := []string{"set", "set", "set", "delete", "create", "compare", "burst", "sync", "short", "drop"}
	for range n {
		s := Step{At: m.seconds(0, end.Seconds()), Do: kinds[m.IntN(len(kinds))], N: m.IntN(m.sc.keys)}
		switch s.Do {
		case "set", "compare":
			if m.IntN(8) == 0 {
				s.Amount = 1 + m.IntN(60<<10)
			}
		case "burst", "short":
			s.Amount = 1 + m.IntN(20)
		}
		m.add(s)
	}
}

// faults adds n faults that end before the end.
func (m *maker) faults(n int, end time.Duration) {
	kinds := []string{"cut", "cut", "reset", "pause", "pause", "slow", "lag", "leaderless", "compact", "restore",
		"no-space", "lose-answers", "not-etcd", "election", "narrow", "deny"}
	restored, first := false, len(m.sc.Steps)
	for range n {
		s := Step{At: m.seconds(1, end.Seconds()-1), Do: kinds[m.IntN(len(kinds))], N: m.IntN(m.sc.members+1) - 1}
		s.For = min(m.seconds(0.05, 20), end-s.At)
		switch s.Do {
		case "slow":
			s.Amount = 20<<10 + m.IntN(1<<20)
		case "compact":
			s.Amount, s.For = m.IntN(20), 0
		case "restore":
			s.N, s.Amount, s.For = m.IntN(4), 1+m.IntN(30), min(m.seconds(5, 10), end-s.At)
			if restored || s.For < 5*time.Second {
				continue
			}
			restored = true
		case "lose-answers":
			s.Amount, s.For = 1+m.IntN(3), 0
		}
		m.add(s)
	}
	m.tellRestore(m.sc.Steps[first:])
}

// tellRestore gives a restore another cluster if only the revision would reveal
// the restore and a fault comes before it. A Store that the fault has kept from
// the newest revision cannot notice such a restore.
func (m *maker) tellRestore(faults []Step) {
	for i := range faults {
		restore := &faults[i]
		if restore.Do != "restore" || restore.N != 2 {
			continue
		}
		if slices.ContainsFunc(faults, func(f Step) bool { return f.At < restore.At }) {
			restore.N = 0
		}
	}
}

func (m *maker) mixed() {
	m.sc.End = m.seconds(10, 40)
	if m.IntN(8) == 0 {
		m.sc.maxMessage = 128 << 10
	}
	m.readers(1, 5)
	m.work(10+m.IntN(30), m.sc.End)
	m.faults(1+m.IntN(8), m.sc.End)
}

// permissions has a permission that is missing for longer than an audit takes to
// notice.
func (m *maker) permissions() {
	m.sc.End = m.seconds(75, 80)
	m.readers(2, 5)
	m.add(Step{Do: "range", N: 0})
	m.add(Step{At: m.seconds(6, 10), Do: []string{"narrow", "deny"}[m.IntN(2)], For: m.seconds(55, 64)})
	for range 20 {
		m.add(Step{At: m.seconds(6, 75), Do: "burst", N: m.IntN(m.sc.keys), Amount: 3})
	}
	if m.IntN(2) == 0 {
		m.add(Step{At: m.seconds(10, 40), Do: "reset", N: -1})
	}
}

// slowLine has a line that is slow for good, and a large state.
func (m *maker) slowLine() {
	m.sc.onlySlow, m.sc.silence, m.sc.members = true, false, 1
	m.sc.rate = 50<<10 + m.Int64N(300<<10)
	m.sc.keys = 1 + m.IntN(20)
	// The state takes 3 to 15 seconds.
	m.sc.valueSize = int(m.sc.rate) * (3 + m.IntN(12)) / m.sc.keys
	m.add(Step{Do: "range", N: 0})
	m.sc.End = m.seconds(1, 60)
	if m.IntN(2) == 0 { // The history is as large as the state, or larger.
		m.sc.End = 50 * time.Second
		m.add(Step{At: 40 * time.Second, Do: "cut", N: -1, For: 10 * time.Second})
		for i := range m.sc.keys * (1 + m.IntN(2)) {
			m.add(Step{At: 45 * time.Second, Do: "direct", N: i % m.sc.keys, Amount: m.sc.valueSize})
		}
	}
}

// churn has keys that are created and deleted while a slow watcher reads many
// others.
func (m *maker) churn() {
	m.sc.keys, m.sc.silence, m.sc.members = 1100+m.IntN(400), false, 1
	m.sc.End = 12 * time.Second
	m.add(Step{Do: "range", N: 0, For: 2 * time.Millisecond})
	m.add(Step{At: 100 * time.Millisecond, Do: "churn", N: 0, Amount: 20 + m.IntN(20), For: 10 * time.Second})
}
