package otel_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
	"github.com/eventvalue/event/otel"
)

// A reporting value reports a connection and a file.
type reporting struct{ *event.MemoryValue[string] }

func (r reporting) InspectFile() (path, hash string, loaded time.Time, err error) {
	return "/etc/app.toml", "abc", time.Now(), nil
}

func (r reporting) InspectConnection() (string, time.Time, map[string]uint64, error) {
	return "connected", time.Now(), map[string]uint64{"resets": 3}, nil
}

var encoder = attribute.DefaultEncoder()

// collect returns the points of all metrics by name, unit and attributes.
func collect(t *testing.T, reader metric.Reader) map[string]float64 {
	var rm metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &rm))
	all := map[string]float64{}
	for _, scope := range rm.ScopeMetrics {
		for _, m := range scope.Metrics {
			key := m.Name + " " + m.Unit
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					all[key+" "+p.Attributes.Encoded(encoder)] = float64(p.Value)
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					all[key+" "+p.Attributes.Encoded(encoder)] = float64(p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					all[key+" "+p.Attributes.Encoded(encoder)] = p.Value
				}
			}
		}
	}
	return all
}

func TestRegister(t *testing.T) {
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	registration, err := otel.Register(provider.Meter("event"), otel.Watchers())
	require.NoError(t, err)
	v := event.New("secret")
	unpublish, err := inspect.Publish("v", reporting{v})
	require.NoError(t, err)
	defer unpublish()
	tracked, err := inspect.Publish("t", v)
	require.NoError(t, err)
	defer tracked()
	w := inspect.Track("worker", v).Watch()
	defer w.Close()
	v.Set("x")
	found := collect(t, reader)
	const name = "event.value.name=t"
	for key, want := range map[string]float64{
		"event.value.sets {set} " + name:                                                          1,
		"event.value.version {version} " + name:                                                   2,
		"event.value.size By " + name:                                                             17,
		"event.value.watchers {watcher} " + name:                                                  1,
		"event.value.tracked.watchers {watcher} " + name:                                          1,
		"event.value.tracked.lag {version} " + name:                                               2,
		"event.value.ended 1 " + name:                                                             0,
		"event.value.failing 1 " + name:                                                           0,
		"event.watcher.lag {version} " + name + ",event.watcher.name=worker":                      2,
		"event.value.connection.state 1 event.connection.state=connected,event.value.name=v":      1,
		"event.value.connection.count {count} event.connection.counter=resets,event.value.name=v": 3,
		"event.config.reload.success 1 event.value.name=v":                                        1,
	} {
		got, ok := found[key]
		assert.True(t, ok, key)
		assert.Equal(t, want, got, key)
	}
	assert.Contains(t, found, "event.value.age s "+name)
	assert.Contains(t, found, "event.config.reload.age s event.value.name=v")
	assert.NotContains(t, found, "event.config.reload.success 1 "+name)
	require.NoError(t, registration.Unregister())
	assert.Empty(t, collect(t, reader))
}
