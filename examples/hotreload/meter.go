package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eventvalue/event"
)

// A Meter is a value that measures the delivery of its Configs to a fixed
// number of workers. It is an [event.Value] itself, so the producer does not
// depend on it. Only one goroutine may call Set.
type Meter struct {
	value     event.MemoryValue[*Config]
	workers   int
	delivered event.MemoryValue[int]   // The newest version that all workers have got.
	newest    atomic.Pointer[Delivery] // For the progress display.

	mu   sync.Mutex // Only Set and Take hold it, so no worker waits for it.
	kept []*Delivery
}

// A Delivery is the measurement of one version. Its Set and Lags may be read
// when this version or a newer one has been delivered. They do not change after
// that.
type Delivery struct {
	Version int
	Changes []string
	Set     time.Duration   // The duration of Set.
	Lags    []time.Duration // For each worker, the time from before Set until its Get had returned; 0 if it skipped the version.

	meter *Meter
	start time.Time
	// missing is the number of workers that have not got the version, plus one
	// until Set has returned. Some workers may get the version before Set
	// returns. The last decrement marks the version as delivered.
	missing atomic.Int64
}

// NewMeter returns a Meter for the given number of workers.
func NewMeter(workers int) *Meter { return &Meter{workers: workers} }

// Set publishes cfg and measures its delivery. No other goroutine may have cfg
// yet.
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

	// All preparations are done: the rest, until Arrived of a worker, is
	// delivery.
	d.start = time.Now()
	m.value.Set(cfg)
	d.Set = time.Since(d.start)
	d.done()
}

// Watch implements [event.ValueWatch].
func (m *Meter) Watch() event.Watcher[*Config] { return m.value.Watch() }

// Close closes the value with a cause. Every worker gets the last Config, if it
// has not got it yet, and then the cause.
func (m *Meter) Close(cause error) { _ = m.value.CloseWithError(cause) }

// Arrived records that a worker has just got the version. Each worker writes to
// its own element. The workers share only one atomic counter.
func (d *Delivery) Arrived(worker int) {
	d.Lags[worker] = max(1, time.Since(d.start)) // Never 0, which would mean that it skipped the version.
	d.done()
}

func (d *Delivery) done() {
	if d.missing.Add(-1) == 0 {
		// Versions are delivered in order, because each version needs all
		// workers.
		d.meter.delivered.Set(d.Version)
	}
}

// Delivered returns a view of the newest version that all workers have got.
// They have then got or skipped every older version.
func (m *Meter) Delivered() event.ValueWatch[int] { return &m.delivered }

// Take removes and returns the deliveries up to a version that has been
// delivered.
func (m *Meter) Take(upTo int) []*Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for n < len(m.kept) && m.kept[n].Version <= upTo {
		n++
	}
	taken := m.kept[:n:n]
	m.kept = slices.Clone(m.kept[n:]) // The clone makes the taken deliveries collectable.
	return taken
}

// Progress returns the newest version and the number of workers that have got
// it so far.
func (m *Meter) Progress() (version, have int) {
	d := m.newest.Load()
	if d == nil {
		return 0, 0
	}
	return d.Version, max(0, m.workers-int(d.missing.Load()))
}
