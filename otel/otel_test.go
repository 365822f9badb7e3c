package otel_test

import (
	"sync"
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
type reporting struct {
	*event.MemoryValue[string]
	loaded time.Time
}

func (r reporting) InspectFile() (path, hash string, loaded time.Time, err error) {
	return "/etc/app.toml", "abc", r.loaded, nil
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
				assert.False(t, data.IsMonotonic, "%s falls", m.Name)
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
	unpublish, err := inspect.Publish("v", reporting{v, time.Now()})
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
		"event.value.sets {set} " + name:                                                    1,
		"event.value.version {version} " + name:                                             2,
		"event.value.size By " + name:                                                       17,
		"event.value.watchers {watcher} " + name:                                            1,
		"event.value.tracked.watchers {watcher} " + name:                                    1,
		"event.value.tracked.lag {version} " + name:                                         2,
		"event.value.ended  " + name:                                                        0,
		"event.value.failing  " + name:                                                      0,
		"event.watcher.open {watcher} " + name + ",event.watcher.name=worker":               1,
		"event.watcher.lag {version} " + name + ",event.watcher.name=worker":                2,
		"event.value.connection.state  event.connection.state=connected,event.value.name=v": 1,
		"event.value.connection.number  event.connection.number=resets,event.value.name=v":  3,
		"event.config.reload.success  event.value.name=v":                                   1,
	} {
		got, ok := found[key]
		assert.True(t, ok, key)
		assert.Equal(t, want, got, key)
	}
	assert.Contains(t, found, "event.value.age s "+name)
	assert.Contains(t, found, "event.config.reload.age s event.value.name=v")
	assert.NotContains(t, found, "event.config.reload.success  "+name)
	assert.Contains(t, found, "event.value.stale  "+name)
	require.NoError(t, registration.Unregister())
	assert.Empty(t, collect(t, reader))
}

// TestUnknownIsMissing has values that do not have what is exported.
func TestUnknownIsMissing(t *testing.T) {
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	registration, err := otel.Register(provider.Meter("event"), otel.Watchers())
	require.NoError(t, err)
	defer func() { assert.NoError(t, registration.Unregister()) }()
	gate := make(chan struct{})
	unpublishSlow, err := inspect.Publish("slow", event.New(1), inspect.Show(func(int) string { <-gate; return "" }))
	require.NoError(t, err)
	defer unpublishSlow()
	defer close(gate)
	empty := new(event.MemoryValue[string])
	unpublishEmpty, err := inspect.Publish("empty", empty)
	require.NoError(t, err)
	defer unpublishEmpty()
	unpublishFile, err := inspect.Publish("file", reporting{empty, time.Time{}})
	require.NoError(t, err)
	defer unpublishFile()
	sum := event.Combine(event.New(1), event.New(1), func(a, b int) int { return a + b })
	unpublishSum, err := inspect.Publish("sum", sum)
	require.NoError(t, err)
	defer unpublishSum()
	w := inspect.Track("w", sum).Watch() // Without versions.
	defer w.Close()
	found := collect(t, reader)
	for _, key := range []string{
		"event.value.age s event.value.name=empty",
		"event.config.reload.age s event.value.name=file",
		"event.value.tracked.lag {version} event.value.name=empty",
		"event.value.tracked.lag {version} event.value.name=sum",
		"event.watcher.lag {version} event.value.name=sum,event.watcher.name=w",
		"event.value.ended  event.value.name=slow",
	} {
		assert.NotContains(t, found, key)
	}
	for key, want := range map[string]float64{
		"event.config.reload.success  event.value.name=file":                     0,
		"event.value.version {version} event.value.name=empty":                   0,
		"event.watcher.open {watcher} event.value.name=sum,event.watcher.name=w": 1,
		"event.value.stale  event.value.name=slow":                               1,
	} {
		got, ok := found[key]
		assert.True(t, ok, key)
		assert.Equal(t, want, got, key)
	}
}

// TestAgesAreNotNegative has a file that was loaded in the future, by another clock, and a value
// that is set and looked at all the time.
func TestAgesAreNotNegative(t *testing.T) {
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	_, err := otel.Register(provider.Meter("event"))
	require.NoError(t, err)
	v := event.New("")
	unpublish, err := inspect.Publish("v", reporting{v, time.Now().Add(time.Hour)})
	require.NoError(t, err)
	defer unpublish()
	plain, err := inspect.Publish("plain", v)
	require.NoError(t, err)
	defer plain()
	stop := make(chan struct{})
	var load sync.WaitGroup
	for range 2 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					v.Set("x")
					inspect.Values()
				}
			}
		})
	}
	for range 200 {
		found := collect(t, reader)
		age, has := found["event.value.age s event.value.name=plain"]
		if !assert.True(t, has) || !assert.GreaterOrEqual(t, age, 0.0) {
			break
		}
		age, has = found["event.config.reload.age s event.value.name=v"]
		if !assert.True(t, has) || !assert.Zero(t, age) {
			break
		}
	}
	close(stop)
	load.Wait()
}
