package prometheus

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/eventvalue/event/inspect"
)

// An Option changes what a collector exports. See [Namespace] and [Watchers].
type Option func(*collector)

// Namespace replaces the first word of all names, which is "event" otherwise. Use the name of
// the program, as in myapp_config_last_reload_successful.
func Namespace(name string) Option { return func(c *collector) { c.namespace = name } }

// Watchers adds a series for each name of tracked watchers. There are at most
// [inspect.MaxTracked] names for each value, those whose watchers lag most. Use it if the names
// of watchers do not change.
func Watchers() Option { return func(c *collector) { c.watchers = true } }

// NewCollector returns a collector of all values that package inspect has published. All its
// methods may be called concurrently.
//
// Cost: a scrape costs one call of [inspect.Values], which waits half a second at most for
// functions of the program.
func NewCollector(opts ...Option) prometheus.Collector {
	c := &collector{namespace: "event"}
	for _, opt := range opts {
		opt(c)
	}
	c.describe()
	return c
}

// A collector exports inspect.Values.
type collector struct {
	namespace string
	watchers  bool

	sets, version, seen, size, open, tracked, lag *prometheus.Desc
	ended, failing, stale                         *prometheus.Desc
	state, since, number                          *prometheus.Desc
	reloaded, reloadedAt                          *prometheus.Desc
	watcherOpen, watcherLag, watcherOpened        *prometheus.Desc
}

func (c *collector) describe() {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(c.namespace+"_"+name, help, append([]string{"value"}, labels...), nil)
	}
	c.sets = desc("value_sets_total", "Versions of the value since it was published.")
	c.version = desc("value_version", "Newest version of the value.")
	c.seen = desc("value_seen_timestamp_seconds", "Time at which the newest version was found first.")
	c.size = desc("value_size_bytes", "Size of the value in memory, without what it refers to indirectly.")
	c.open = desc("value_watchers", "Open watchers of the value.")
	c.tracked = desc("value_tracked_watchers", "Open tracked watchers of the value.")
	c.lag = desc("value_tracked_lag_versions", "Largest number of versions that a tracked watcher is behind.")
	c.ended = desc("value_ended", "Whether the value has ended.")
	c.failing = desc("value_failing", "Whether the newest attempt to read the value has failed.")
	c.stale = desc("value_stale", "Whether a function of the value takes too long, so that its other metrics are missing.")
	c.state = desc("value_connection_state", "State of the connection of the value, as a label.", "state")
	c.since = desc("value_connection_since_timestamp_seconds", "Time at which the state of the connection began.")
	c.number = desc("value_connection_number", "Numbers of the connection of the value, by name.", "name")
	c.reloaded = desc("config_last_reload_successful", "Whether the newest attempt to load the file has succeeded. It is 0 before the first one.")
	c.reloadedAt = desc("config_last_reload_success_timestamp_seconds", "Time at which the file was loaded last.")
	c.watcherOpen = desc("watcher_open", "Open tracked watchers of the name.", "watcher")
	c.watcherLag = desc("watcher_lag_versions", "Largest number of versions that a watcher of the name is behind.", "watcher")
	c.watcherOpened = desc("watcher_opened_timestamp_seconds", "Time at which the oldest open watcher of the name was opened.", "watcher")
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.sets, c.version, c.seen, c.size, c.open, c.tracked, c.lag, c.ended, c.failing, c.stale,
		c.state, c.since, c.number, c.reloaded, c.reloadedAt} {
		to <- d
	}
	if c.watchers {
		to <- c.watcherOpen
		to <- c.watcherLag
		to <- c.watcherOpened
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(to chan<- prometheus.Metric) {
	for _, info := range inspect.Values() {
		e := exported{to, info.Name}
		pending := !info.Pending.IsZero()
		if e.gauge(c.stale, oneIf(pending)); pending {
			continue // What is known is of an earlier look, or nothing.
		}
		c.collectValue(e, info)
		if info.Connection != nil {
			c.collectConnection(e, info.Connection)
		}
		if info.File != nil {
			e.gauge(c.reloaded, oneIf(info.File.Good))
			e.time(c.reloadedAt, info.File.Loaded)
		}
		if c.watchers {
			c.collectWatchers(e, info.TrackedNames)
		}
	}
}

func (c *collector) collectValue(e exported, info inspect.Info) {
	if info.Versioned {
		e.counter(c.sets, info.Sets)
		e.gauge(c.version, float64(info.Version))
		e.time(c.seen, info.Seen) // Zero before the first version.
	}
	if info.Size >= 0 {
		e.gauge(c.size, float64(info.Size))
	}
	if info.Watchers >= 0 {
		e.gauge(c.open, float64(info.Watchers))
	}
	e.gauge(c.tracked, float64(info.TrackedTotal))
	if info.LagKnown {
		e.gauge(c.lag, float64(info.WorstLag))
	}
	e.gauge(c.ended, oneIf(info.Ended))
	e.gauge(c.failing, oneIf(info.Failing))
}

func (c *collector) collectConnection(e exported, connection *inspect.Connection) {
	e.gauge(c.state, 1, connection.State)
	e.time(c.since, connection.Since)
	for name, n := range connection.Numbers {
		e.gauge(c.number, float64(n), name)
	}
}

func (c *collector) collectWatchers(e exported, names []inspect.TrackedName) {
	for _, n := range names {
		e.gauge(c.watcherOpen, float64(n.Open), n.Name)
		if n.LagKnown {
			e.gauge(c.watcherLag, float64(n.WorstLag), n.Name)
		}
		e.time(c.watcherOpened, n.Oldest, n.Name)
	}
}

// An exported is a value whose metrics go to a channel.
type exported struct {
	to   chan<- prometheus.Metric
	name string
}

func (e exported) gauge(d *prometheus.Desc, x float64, labels ...string) {
	e.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, x, append([]string{e.name}, labels...)...)
}

func (e exported) counter(d *prometheus.Desc, n uint64, labels ...string) {
	e.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), append([]string{e.name}, labels...)...)
}

// time exports t, unless it is zero.
func (e exported) time(d *prometheus.Desc, t time.Time, labels ...string) {
	if !t.IsZero() {
		e.gauge(d, float64(t.UnixMicro())/1e6, labels...)
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
