// Package prometheus exports the values that package inspect has published to Prometheus:
//
//	registry.MustRegister(prometheus.NewCollector())
//
// The values are read when Prometheus scrapes. Nothing runs in between, and Set costs what
// it cost before.
//
// # Metrics
//
// The label value is the name from inspect.Publish. A metric is missing for a value that
// cannot report it, for example the version of a value without versions, or the lag without
// tracked watchers that have versions.
//
//	event_value_sets_total                    versions since Publish
//	event_value_version                       the newest version
//	event_value_seen_timestamp_seconds        when a look found the newest version first
//	event_value_size_bytes                    the size of the value
//	event_value_watchers                      open watchers
//	event_value_tracked_watchers              open watchers from inspect.Track
//	event_value_tracked_lag_versions          the largest lag of a tracked watcher
//	event_value_ended                         1 if the value has ended, otherwise 0
//	event_value_failing                       1 if reading the value fails, otherwise 0
//	event_value_stale                         1 if a function of the value takes too long
//	event_value_connection_state              1, with the label state
//	event_value_connection_since_timestamp_seconds
//	event_value_connection_number             with the label name, such as revision
//	event_config_last_reload_successful       for the value of a file: 1 or 0
//	event_config_last_reload_success_timestamp_seconds
//
// As in Prometheus itself, event_config_last_reload_successful is 0 until a load has succeeded.
// The timestamp is missing until then. A number of a connection may go down, so that it is a
// gauge. While event_value_stale is 1, the other metrics of the value are missing.
//
// With [Watchers] there are also metrics with the label watcher. All tracked watchers of one
// name are one series.
//
//	event_watcher_open                        the number of watchers of the name
//	event_watcher_lag_versions                the largest lag
//	event_watcher_opened_timestamp_seconds    when the oldest one was opened
//
// [Namespace] replaces event in all names.
package prometheus
