package inspect

import (
	"sync"
	"time"

	"github.com/eventvalue/event/internal/capability"
)

const (
	// rateSpan is the shortest time over which a rate is computed. It is less than the
	// time between two ticks of the sampler.
	rateSpan = 900 * time.Millisecond

	historyLength = 32  // the number of changes that an entry keeps
	ratesLength   = 180 // the number of rates that an entry keeps, one for each tick
)

// An entry is a published value.
type entry struct {
	name, typ    string
	published    time.Time
	firstVersion uint64
	shown        bool // Show was given
	value        any
	key          any                        // identifies the value: see keyOf
	read         func(last reading) reading // runs functions of the program
	ender        capability.Ender           // or nil
	untilEnd     bool                       // UntilEnd was given; there is an ender
	plain        bool                       // a MemoryValue without Show

	mu      sync.Mutex // guards what follows; no function of the program runs under it
	flight  *flight    // the one that has not ended, or nil
	found   Info       // by the newest look that has ended, without Tracked
	last    reading
	seen    time.Time // when last.version was found first
	base    point     // where the rate is computed from
	rate    float64
	history []Change
	problem string // the newest error in history
	rates   []float64
}

// A point is a version at a time.
type point struct {
	version uint64
	at      time.Time
}

// A Change is one line of the history of a value: a version that a look has found, or an
// error.
type Change struct {
	At      time.Time `json:"at"`
	Version uint64    `json:"version"`
	Problem string    `json:"problem,omitempty"` // an error of the value, or ""
}

// over reports that the value was published until its end, and has ended. It may run a function
// of the program, so that the caller holds no lock.
func (e *entry) over() (over bool) {
	if e.untilEnd {
		recovered(func() { over = e.ender.Err() != nil })
	}
	return over
}

// runsNothing reports that a look at the value runs no function of the program. The error of
// an ended value may be of any type.
func (e *entry) runsNothing() bool { return e.plain && e.ender.Err() == nil }

// look looks at the value, and lists the tracked watchers if list is true. If direct is true, it
// runs no function of the program, after runsNothing. If the value ends in between, the next look
// reports that.
//
// Invariant: it reads the tracked watchers, then the value, and then the clock. So no watcher is
// ahead of the version, and the version was set before it was seen. lookAll reads the clock
// again for the time of the snapshot, so that nothing is later than the snapshot.
func (e *entry) look(list, direct bool) Info {
	e.mu.Lock()
	last := e.last
	e.mu.Unlock()
	info := e.unread()
	e.countWatchers(&info, list)
	read := e.read(last)
	info.take(read)
	info.Problem = read.problem
	if read.watchers >= 0 {
		info.Watchers = max(read.watchers, info.TrackedTotal)
	}
	if !direct {
		if problem := recovered(func() { e.report(&info) }); problem != "" && info.Problem == "" {
			info.Problem = problem
		}
	}
	e.note(&info, last, read)
	return info
}

// take stores in i the state of the value that a look has read.
func (i *Info) take(read reading) {
	i.Version, i.Versioned, i.HasData, i.Size, i.Text = read.version, read.versioned, read.hasData, read.size, read.text
}

// note stores what a look has read, and adds to info what follows from other looks. last is what
// was stored when the look began. If a concurrent look has stored a newer version since, info
// gets that version, because Seen is the time of the newest one. A look that failed before it read
// a version gets the one that is stored.
//
// Invariant: the times that note stores never go back, because it reads the clock under mu.
func (e *entry) note(info *Info, last, read reading) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	switch {
	case read.problem != "" && read.version < e.last.version: // The look did not read the version.
		read.version, read.versioned = e.last.version, true
		info.take(read)
	case e.last.version > max(last.version, read.version):
		read = e.last
		info.take(read)
	}
	info.Failing = info.Problem != "" || info.File != nil && info.File.Err != ""
	info.State = info.state(read.empty)
	if e.seen.IsZero() || read.version > e.last.version {
		e.seen = now
		e.remember(Change{At: now, Version: read.version})
	}
	if read.version > e.last.version || read.version == e.last.version && read.problem == "" {
		e.last = read
	}
	if p := info.newestProblem(); p != e.problem {
		if e.problem = p; p != "" {
			e.remember(Change{now, read.version, p})
		}
	}
	if e.base.at.IsZero() {
		e.base = point{read.version, now}
	} else if d := now.Sub(e.base.at); d >= rateSpan && read.version >= e.base.version {
		e.rate = float64(read.version-e.base.version) / d.Seconds()
		e.base = point{read.version, now}
	}
	if info.Rate = e.rate; read.version > 0 {
		info.Seen = e.seen
	}
	if read.version > e.firstVersion {
		info.Sets = read.version - e.firstVersion
	}
	e.found = *info
	e.found.Tracked, e.found.TrackedNames = nil, nil
}

// remember adds c to the history. The caller holds mu.
func (e *entry) remember(c Change) {
	if len(e.history) == historyLength {
		e.history = append(e.history[:0], e.history[1:]...)
	}
	e.history = append(e.history, c)
}

// tick adds a rate to the rates that the page draws.
func (e *entry) tick(rate float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.rates) == ratesLength {
		e.rates = append(e.rates[:0], e.rates[1:]...)
	}
	e.rates = append(e.rates, rate)
}

// forgetRates drops the rates, which are not of the time just before now.
func (e *entry) forgetRates() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rates = nil
}

// past returns copies of the history, the newest first, and of the rates.
func (e *entry) past() (history []Change, rates []float64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := len(e.history) - 1; i >= 0; i-- {
		history = append(history, e.history[i])
	}
	return history, append(rates, e.rates...)
}
