package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eventvalue/event"
)

// A Meter is a value that measures how its Configs are delivered to a fixed number of
// workers. It is an [event.Value] itself, so that who publishes need not know of it.
// One goroutine may Set.
type Meter struct {
	value   event.MemoryValue[*Config]
	workers int
	settled event.MemoryValue[int]   // The newest version that all workers have got.
	newest  atomic.Pointer[Delivery] // For the progress display.

	mu   sync.Mutex // Set and Take only: no worker waits for it.
	kept []*Delivery
}

// A Delivery is the measurement of one version. Its Set and Lags may be read when that
// version, or a newer one, is settled: nobody writes to them any more.
type Delivery struct {
	Version int
	Changes []string
	Set     time.Duration   // How long Set took.
	Lags    []time.Duration // For each worker: from before Set until its Get had returned; 0: skipped.

	meter *Meter
	start time.Time
	// missing counts the workers that have not arrived, and Set, which has not returned:
	// some workers may be faster. Whoever brings it to 0 settles the version.
	missing atomic.Int64
}

// NewMeter returns a Meter for that many workers.
func NewMeter(workers int) *Meter { return &Meter{workers: workers} }

// Set publishes cfg, which nobody else has seen yet, and measures that.
func (m *Meter) Set(cfg *Config) {
	old, _ := m.value.Load()
	d := &Delivery{
		Version: cfg.Version,
		Changes: cfg.Changes(old),
		Lags:    make([]time.Duration, m.workers),
		meter:   m,
	}
	d.missing.Store(int64(m.workers) + 1)
	cfg.delivery = d
	m.newest.Store(d)
	m.mu.Lock()
	m.kept = append(m.kept, d)
	m.mu.Unlock()

	// All that costs anything is done: between here and a worker's Arrived is delivery.
	d.start = time.Now()
	m.value.Set(cfg)
	d.Set = time.Since(d.start)
	d.done()
}

// Watch implements [event.ValueWatch].
func (m *Meter) Watch() event.Watcher[*Config] { return m.value.Watch() }

// Close ends the value for the given reason: every worker gets the last Config, if it has not
// got it yet, and then the reason.
func (m *Meter) Close(cause error) { _ = m.value.CloseWithError(cause) }

// Arrived notes that a worker has got the version, just now. Each worker writes to a slot of
// its own, and what it then shares with the others is one atomic counter.
func (d *Delivery) Arrived(worker int) {
	d.Lags[worker] = max(1, time.Since(d.start)) // Monotonic; never 0, which is to skip.
	d.done()
}

func (d *Delivery) done() {
	if d.missing.Add(-1) == 0 {
		// Versions settle in order: all who are needed for the next were needed for this.
		d.meter.settled.Set(d.Version)
	}
}

// Settled is the newest version that all workers have got. By then they have got or
// skipped every older one.
func (m *Meter) Settled() event.ValueWatch[int] { return &m.settled }

// Take returns the deliveries up to a settled version that were not taken yet, and forgets them.
func (m *Meter) Take(upTo int) []*Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for n < len(m.kept) && m.kept[n].Version <= upTo {
		n++
	}
	taken := m.kept[:n:n]
	m.kept = slices.Clone(m.kept[n:]) // So that what was taken is garbage in the end.
	return taken
}

// Progress returns the newest version and how many workers have got it, at this moment.
func (m *Meter) Progress() (version, have int) {
	d := m.newest.Load()
	if d == nil {
		return 0, 0
	}
	return d.Version, max(0, m.workers-int(d.missing.Load()))
}
