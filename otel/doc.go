// Package otel exports the values that package inspect has published to OpenTelemetry:
//
//	registration, err := otel.Register(provider.Meter("event"))
//	if err != nil {
//		return err
//	}
//	defer registration.Unregister()
//
// The values are read when a reader collects. Nothing runs in between, and Set costs what it
// cost before.
//
// # Metrics
//
// The attribute event.value.name is the name from inspect.Publish. A metric is missing for a
// value that cannot report it, for example the version of a value without versions, or the lag
// without tracked watchers that have versions.
//
//	event.value.sets              {set}      versions since Publish
//	event.value.version           {version}  the newest version
//	event.value.age               s          the time since a look found the newest version first
//	event.value.size              By         the size of the value
//	event.value.watchers          {watcher}  open watchers
//	event.value.tracked.watchers  {watcher}  open watchers from inspect.Track
//	event.value.tracked.lag       {version}  the largest lag of a tracked watcher
//	event.value.ended                        1 if the value has ended, otherwise 0
//	event.value.failing                      1 if reading the value fails, otherwise 0
//	event.value.stale                        1 if a function of the value takes too long
//	event.value.connection.state             1, with the attribute event.connection.state
//	event.value.connection.number            with the attribute event.connection.number
//	event.config.reload.success              for the value of a file: 1 or 0
//	event.config.reload.age       s          the time since the file was loaded
//	event.watcher.open            {watcher}  with [Watchers], and the attribute event.watcher.name
//	event.watcher.lag             {version}  the same
//
// event.value.sets and the numbers of watchers are sums that may fall. sets falls if another
// value is published under the name. All others are gauges.
//
// event.config.reload.success is 0 until a load has succeeded, and the age is missing until
// then. While event.value.stale is 1, the other metrics of the value are missing.
package otel
