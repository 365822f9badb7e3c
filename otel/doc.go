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
// value that cannot report it, for example the version of a value without versions.
//
//	event.value.sets             {set}      versions since Publish
//	event.value.version          {version}  the newest version
//	event.value.age              s          the time since a look found the newest version first
//	event.value.size             By         the size of the value
//	event.value.watchers         {watcher}  open watchers
//	event.value.tracked.watchers {watcher}  open watchers from inspect.Track
//	event.value.tracked.lag      {version}  the largest lag of a tracked watcher
//	event.value.ended            1          1 if the value has ended, otherwise 0
//	event.value.failing          1          1 if reading the value fails, otherwise 0
//	event.value.connection.state 1          1, with the attribute event.connection.state
//	event.value.connection.count {count}    with the attribute event.connection.counter
//	event.config.reload.success  1          for the value of a file: 1 or 0
//	event.config.reload.age      s          the time since the file was loaded
//	event.watcher.lag            {version}  with [Watchers], and the attribute event.watcher.name
package otel
