package prometheus_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
	eventprometheus "github.com/eventvalue/event/prometheus"
)

// A reporting value reports a connection and a file.
type reporting struct {
	*event.MemoryValue[string]
	loaded time.Time
	err    error
}

func (r reporting) InspectFile() (path, hash string, loaded time.Time, err error) {
	return "/etc/app.toml", "abc", r.loaded, r.err
}

func (r reporting) InspectConnection() (string, time.Time, map[string]uint64, error) {
	return "connected", time.Unix(50, 0), map[string]uint64{"resets": 3, "\xff": 4}, nil
}

func publish[T any](t *testing.T, name string, v event.ValueWatch[T], opts ...inspect.Option[T]) {
	unpublish, err := inspect.Publish(name, v, opts...)
	require.NoError(t, err)
	t.Cleanup(unpublish)
}

// scrape returns what a scrape of c over HTTP finds, by name.
func scrape(t *testing.T, c prometheus.Collector) map[string]*dto.MetricFamily {
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(c))
	problems, err := testutil.GatherAndLint(r)
	require.NoError(t, err)
	assert.Empty(t, problems)
	server := httptest.NewServer(promhttp.HandlerFor(r, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}))
	defer server.Close()
	res, err := http.Get(server.URL)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, 200, res.StatusCode)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(res.Body)
	require.NoError(t, err)
	return families
}

// value returns the value of the metric with the labels given as name, value, ….
func value(t *testing.T, families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	t.Helper()
	for _, m := range families[name].GetMetric() {
		has := map[string]string{}
		for _, l := range m.GetLabel() {
			has[l.GetName()] = l.GetValue()
		}
		fits := len(has) == len(labels)/2
		for i := 0; i < len(labels); i += 2 {
			fits = fits && has[labels[i]] == labels[i+1]
		}
		if fits {
			return m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue()
		}
	}
	t.Errorf("no %s with %q", name, labels)
	return -1
}

func TestScrape(t *testing.T) {
	v := event.New(1)
	publish(t, "odd \"name\"\n<b>", v)
	label := []string{"value", "odd \"name\"\n<b>"}
	for range 5 {
		v.Set(1)
	}
	for range 2 {
		w := inspect.Track("worker", v).Watch()
		defer w.Close()
		v.Set(2)
	}
	found := scrape(t, eventprometheus.NewCollector(eventprometheus.Watchers()))
	assert.Equal(t, dto.MetricType_COUNTER, found["event_value_sets_total"].GetType())
	for name, want := range map[string]float64{
		"event_value_sets_total":           7,
		"event_value_version":              8,
		"event_value_watchers":             2,
		"event_value_tracked_watchers":     2,
		"event_value_tracked_lag_versions": 8,
		"event_value_size_bytes":           8,
		"event_value_ended":                0,
		"event_value_failing":              0,
	} {
		assert.Equal(t, want, value(t, found, name, label...), name)
	}
	worker := append(label, "watcher", "worker")
	assert.Equal(t, 2.0, value(t, found, "event_watcher_open", worker...))
	assert.Equal(t, 8.0, value(t, found, "event_watcher_lag_versions", worker...))
	_ = v.Close()
	found = scrape(t, eventprometheus.NewCollector())
	assert.Equal(t, 1.0, value(t, found, "event_value_ended", label...))
	assert.NotContains(t, found, "event_watcher_open", "watchers are asked for")
}

func TestFileAndConnection(t *testing.T) {
	loaded := time.Unix(100, 0)
	good := reporting{event.New("x"), loaded, nil}
	publish(t, "good", good)
	publish(t, "bad", reporting{event.New("x"), loaded, errors.New("line 3")})
	publish(t, "new", reporting{event.New("x"), time.Time{}, nil})
	publish(t, "plain", event.Where(good, func(string) bool { return true }))
	found := scrape(t, eventprometheus.NewCollector(eventprometheus.Namespace("myapp")))
	assert.Equal(t, 1.0, value(t, found, "myapp_config_last_reload_successful", "value", "good"))
	assert.Equal(t, 0.0, value(t, found, "myapp_config_last_reload_successful", "value", "bad"))
	assert.Equal(t, 0.0, value(t, found, "myapp_config_last_reload_successful", "value", "new"), "never loaded")
	assert.Len(t, found["myapp_config_last_reload_success_timestamp_seconds"].GetMetric(), 2)
	assert.Equal(t, 1.0, value(t, found, "myapp_value_failing", "value", "bad"))
	assert.Equal(t, 0.0, value(t, found, "myapp_value_failing", "value", "new"))
	assert.Equal(t, 100.0, value(t, found, "myapp_config_last_reload_success_timestamp_seconds", "value", "bad"))
	assert.Equal(t, 1.0, value(t, found, "myapp_value_connection_state", "value", "good", "state", "connected"))
	assert.Equal(t, 50.0, value(t, found, "myapp_value_connection_since_timestamp_seconds", "value", "good"))
	assert.Equal(t, 3.0, value(t, found, "myapp_value_connection_number", "value", "good", "name", "resets"))
	assert.Equal(t, 4.0, value(t, found, "myapp_value_connection_number", "value", "good", "name", "\uFFFD"))
	assert.Equal(t, dto.MetricType_GAUGE, found["myapp_value_connection_number"].GetType(), "a number may go down")
	assert.Len(t, found["myapp_config_last_reload_successful"].GetMetric(), 3, "plain is not a file")
	assert.Len(t, found["myapp_value_ended"].GetMetric(), 4)
}

// TestUnknownIsMissing has values that do not have what is exported.
func TestUnknownIsMissing(t *testing.T) {
	publish(t, "empty", new(event.MemoryValue[int]))
	v := event.New(1)
	sum := event.Combine(v, v, func(a, b int) int { return a + b })
	publish(t, "sum", sum)
	w := inspect.Track("w", sum).Watch() // Without versions.
	defer w.Close()
	found := scrape(t, eventprometheus.NewCollector(eventprometheus.Watchers()))
	for _, name := range []string{"event_value_seen_timestamp_seconds", "event_value_tracked_lag_versions", "event_watcher_lag_versions"} {
		assert.NotContains(t, found, name)
	}
	assert.Len(t, found["event_value_version"].GetMetric(), 1)
	assert.Equal(t, 0.0, value(t, found, "event_value_version", "value", "empty"))
	assert.Equal(t, 1.0, value(t, found, "event_watcher_open", "value", "sum", "watcher", "w"))
}

// TestAllWatchersAreCounted has more watchers than package inspect lists.
func TestAllWatchersAreCounted(t *testing.T) {
	v := event.New(1)
	publish(t, "v", v)
	for range 3 * inspect.MaxTracked {
		w := inspect.Track("worker", v).Watch()
		defer w.Close()
	}
	found := scrape(t, eventprometheus.NewCollector(eventprometheus.Watchers()))
	assert.Equal(t, 3.0*inspect.MaxTracked, value(t, found, "event_watcher_open", "value", "v", "watcher", "worker"))
}

// TestSlowValue has a value the function of which blocks.
func TestSlowValue(t *testing.T) {
	gate := make(chan struct{})
	publish(t, "slow", event.New(1), inspect.Show(func(int) string { <-gate; return "" }))
	publish(t, "other", event.New(1))
	found := scrape(t, eventprometheus.NewCollector())
	assert.Equal(t, 1.0, value(t, found, "event_value_stale", "value", "slow"))
	assert.Equal(t, 0.0, value(t, found, "event_value_stale", "value", "other"))
	assert.Len(t, found["event_value_ended"].GetMetric(), 1)
	close(gate)
}
