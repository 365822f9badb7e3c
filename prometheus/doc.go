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
// cannot report it, for example the version of a value without versions.
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
//	event_value_connection_state              1, with the label state
//	event_value_connection_since_timestamp_seconds
//	event_value_connection_events_total      with the label event
//	event_config_last_reload_successful       for the value of a file: 1 or 0
//	event_config_last_reload_success_timestamp_seconds
//
// With [Watchers] there are also metrics with the label watcher. They have the tracked
// watchers that inspect.Info lists. Watchers of one name are one series.
//
//	event_watcher_open                        the number of watchers of the name
//	event_watcher_lag_versions                the largest lag
//	event_watcher_opened_timestamp_seconds    when the oldest one was opened
//
// [Namespace] replaces event in all names.
package prometheus
