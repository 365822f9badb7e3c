package otel

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/eventvalue/event/inspect"
)

// An Option changes what [Register] exports. See [Watchers].
type Option func(*instruments)

// Watchers adds a series for each name of tracked watchers. There are at most
// [inspect.MaxTracked] names for each value, those whose watchers lag most. Use it if the names
// of watchers do not change.
func Watchers() Option { return func(i *instruments) { i.watchers = true } }

// Register exports all values that package inspect has published, until Unregister of the result.
// It returns the error of meter. It panics if meter is nil.
//
// Register once for each meter. The SDK adds the sums of two registrations of one meter, so that
// they are doubled.
//
// Cost: a collection costs one call of [inspect.Values], which waits half a second at most for
// functions of the program.
func Register(meter metric.Meter, opts ...Option) (metric.Registration, error) {
	if meter == nil {
		panic("otel: Register: nil meter")
	}
	var i instruments
	for _, opt := range opts {
		opt(&i)
	}
	if err := i.make(meter); err != nil {
		return nil, err
	}
	return meter.RegisterCallback(i.observe, i.all...)
}

// instruments has all instruments.
type instruments struct {
	watchers bool
	all      []metric.Observable

	sets, open, tracked, watcherOpen       metric.Int64ObservableUpDownCounter
	version, size, lag, number, watcherLag metric.Int64ObservableGauge
	ended, failing, stale, state, reloaded metric.Int64ObservableGauge
	age, reloadAge                         metric.Float64ObservableGauge
}

// make makes the instruments.
func (i *instruments) make(meter metric.Meter) error {
	var errs []error
	upDown := func(to *metric.Int64ObservableUpDownCounter, name, unit, help string) {
		x, err := meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(help))
		*to, i.all, errs = x, append(i.all, x), append(errs, err)
	}
	gauge := func(to *metric.Int64ObservableGauge, name, unit, help string) {
		x, err := meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(help))
		*to, i.all, errs = x, append(i.all, x), append(errs, err)
	}
	seconds := func(to *metric.Float64ObservableGauge, name, help string) {
		x, err := meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(help))
		*to, i.all, errs = x, append(i.all, x), append(errs, err)
	}
	// Not a counter: it falls if another value is published under the name.
	upDown(&i.sets, "event.value.sets", "{set}", "Versions of the value since it was published.")
	gauge(&i.version, "event.value.version", "{version}", "Newest version of the value.")
	seconds(&i.age, "event.value.age", "Time since the newest version was found first.")
	gauge(&i.size, "event.value.size", "By", "Size of the value in memory, without what it refers to indirectly.")
	upDown(&i.open, "event.value.watchers", "{watcher}", "Open watchers of the value.")
	upDown(&i.tracked, "event.value.tracked.watchers", "{watcher}", "Open tracked watchers of the value.")
	gauge(&i.lag, "event.value.tracked.lag", "{version}", "Largest number of versions that a tracked watcher is behind.")
	gauge(&i.ended, "event.value.ended", "", "Whether the value has ended.")
	gauge(&i.failing, "event.value.failing", "", "Whether the newest attempt to read the value has failed.")
	gauge(&i.stale, "event.value.stale", "", "Whether a function of the value takes too long, so that its other metrics are missing.")
	gauge(&i.state, "event.value.connection.state", "", "State of the connection of the value, as an attribute.")
	gauge(&i.number, "event.value.connection.number", "", "Numbers of the connection of the value, by name.")
	gauge(&i.reloaded, "event.config.reload.success", "", "Whether the newest attempt to load the file has succeeded. It is 0 before the first one.")
	seconds(&i.reloadAge, "event.config.reload.age", "Time since the file was loaded.")
	if i.watchers {
		upDown(&i.watcherOpen, "event.watcher.open", "{watcher}", "Open tracked watchers of the name.")
		gauge(&i.watcherLag, "event.watcher.lag", "{version}", "Largest number of versions that a watcher of the name is behind.")
	}
	return errors.Join(errs...)
}

// observe observes all values.
func (i *instruments) observe(_ context.Context, o metric.Observer) error {
	for _, info := range inspect.Values() {
		name := attribute.String("event.value.name", info.Name)
		with := metric.WithAttributes(name)
		pending := !info.Pending.IsZero()
		if o.ObserveInt64(i.stale, oneIf(pending), with); pending {
			continue // What is known is of an earlier look, or nothing.
		}
		i.observeValue(o, info, with)
		if c := info.Connection; c != nil {
			o.ObserveInt64(i.state, 1, metric.WithAttributes(name, attribute.String("event.connection.state", c.State)))
			for number, n := range c.Numbers {
				o.ObserveInt64(i.number, int64(n), metric.WithAttributes(name, attribute.String("event.connection.number", number)))
			}
		}
		if f := info.File; f != nil {
			o.ObserveInt64(i.reloaded, oneIf(f.Good), with)
			if !f.Loaded.IsZero() {
				o.ObserveFloat64(i.reloadAge, max(0, info.At.Sub(f.Loaded).Seconds()), with) // The value may use another clock.
			}
		}
		if i.watchers {
			i.observeWatchers(o, name, info.TrackedNames)
		}
	}
	return nil
}

func (i *instruments) observeValue(o metric.Observer, info inspect.Info, with metric.MeasurementOption) {
	if info.Versioned {
		o.ObserveInt64(i.sets, int64(info.Sets), with)
		o.ObserveInt64(i.version, int64(info.Version), with)
		if !info.Seen.IsZero() { // There is a version.
			o.ObserveFloat64(i.age, info.At.Sub(info.Seen).Seconds(), with)
		}
	}
	if info.Size >= 0 {
		o.ObserveInt64(i.size, info.Size, with)
	}
	if info.Watchers >= 0 {
		o.ObserveInt64(i.open, int64(info.Watchers), with)
	}
	o.ObserveInt64(i.tracked, int64(info.TrackedTotal), with)
	if info.LagKnown {
		o.ObserveInt64(i.lag, int64(info.WorstLag), with)
	}
	o.ObserveInt64(i.ended, oneIf(info.Ended), with)
	o.ObserveInt64(i.failing, oneIf(info.Failing), with)
}

// observeWatchers observes the watchers of each name.
func (i *instruments) observeWatchers(o metric.Observer, name attribute.KeyValue, names []inspect.TrackedName) {
	for _, n := range names {
		with := metric.WithAttributes(name, attribute.String("event.watcher.name", n.Name))
		o.ObserveInt64(i.watcherOpen, int64(n.Open), with)
		if n.LagKnown {
			o.ObserveInt64(i.watcherLag, int64(n.WorstLag), with)
		}
	}
}

func oneIf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
