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

// Watchers adds a series for each name of a tracked watcher. There are at most
// [inspect.MaxTracked] of them for each value. Use it if the names of watchers do not change.
func Watchers() Option { return func(c *collector) { c.watchers = true } }

// NewCollector returns a collector of all values that package inspect has published. All its
// methods may be called concurrently.
//
// Cost: a scrape costs one call of [inspect.Values].
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

	sets, version, seen, size, open, tracked, lag, ended, failing *prometheus.Desc
	state, since, counter                                         *prometheus.Desc
	reloaded, reloadedAt                                          *prometheus.Desc
	watcherOpen, watcherLag, watcherOpened                        *prometheus.Desc
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
	c.state = desc("value_connection_state", "State of the connection of the value, as a label.", "state")
	c.since = desc("value_connection_since_timestamp_seconds", "Time at which the state of the connection began.")
	c.counter = desc("value_connection_events_total", "Counters of the connection of the value, by name.", "event")
	c.reloaded = desc("config_last_reload_successful", "Whether the newest attempt to load the file has succeeded.")
	c.reloadedAt = desc("config_last_reload_success_timestamp_seconds", "Time at which the file was loaded last.")
	c.watcherOpen = desc("watcher_open", "Open tracked watchers of the name.", "watcher")
	c.watcherLag = desc("watcher_lag_versions", "Largest number of versions that a watcher of the name is behind.", "watcher")
	c.watcherOpened = desc("watcher_opened_timestamp_seconds", "Time at which the oldest open watcher of the name was opened.", "watcher")
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.sets, c.version, c.seen, c.size, c.open, c.tracked, c.lag, c.ended, c.failing,
		c.state, c.since, c.counter, c.reloaded, c.reloadedAt} {
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
		c.collectValue(e, info)
		if info.Connection != nil {
			c.collectConnection(e, info.Connection)
		}
		if info.File != nil {
			e.gauge(c.reloaded, number(info.File.Err == ""))
			e.time(c.reloadedAt, info.File.Loaded)
		}
		if c.watchers {
			c.collectWatchers(e, info.Tracked)
		}
	}
}

func (c *collector) collectValue(e exported, info inspect.Info) {
	if info.Versioned {
		e.counter(c.sets, info.Sets)
		e.gauge(c.version, float64(info.Version))
		e.time(c.seen, info.Seen)
	}
	if info.Size >= 0 {
		e.gauge(c.size, float64(info.Size))
	}
	if info.Watchers >= 0 {
		e.gauge(c.open, float64(info.Watchers))
	}
	e.gauge(c.tracked, float64(info.TrackedTotal))
	e.gauge(c.lag, float64(info.WorstLag))
	e.gauge(c.ended, number(info.Ended))
	e.gauge(c.failing, number(info.Problem != "" || info.File != nil && info.File.Err != ""))
}

func (c *collector) collectConnection(e exported, connection *inspect.Connection) {
	e.gauge(c.state, 1, connection.State)
	e.time(c.since, connection.Since)
	for name, n := range connection.Counters {
		e.counter(c.counter, n, name)
	}
}

func (c *collector) collectWatchers(e exported, tracked []inspect.Tracked) {
	type series struct {
		open   int
		lag    uint64
		opened time.Time
	}
	byName := make(map[string]series)
	for _, w := range tracked {
		s, known := byName[w.Name]
		if !known || w.Opened.Before(s.opened) {
			s.opened = w.Opened
		}
		s.open++
		s.lag = max(s.lag, w.Lag)
		byName[w.Name] = s
	}
	for name, s := range byName {
		e.gauge(c.watcherOpen, float64(s.open), name)
		e.gauge(c.watcherLag, float64(s.lag), name)
		e.time(c.watcherOpened, s.opened, name)
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

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
