package rivals_test

import (
	"testing"

	"github.com/eventvalue/event/bench"
	"github.com/eventvalue/event/bench/rivals"
	"github.com/eventvalue/event/eventtest"
)

func TestMain(m *testing.M) { bench.Main(m, rivals.Contenders()) }

// TestConformance shows that the libraries are used as they should be.
func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name  string
		new   func() bench.Value[*eventtest.Item]
		lacks []eventtest.Capability
	}{
		{"juniper", rivals.NewJuniper[*eventtest.Item], nil},
		// A link keeps what it is a link to.
		{"msync", rivals.NewMsync[*eventtest.Item], []eventtest.Capability{eventtest.Collectable}},
		// Its Set takes longer the more watchers there are, of which the suite
		// leaves many open. The suite does less where there is no bubble.
		{"ro", rivals.NewRo[*eventtest.Item], []eventtest.Capability{eventtest.Bubble}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eventtest.Run(t, func(testing.TB) eventtest.Subject {
				return bench.Subject(c.new())
			}, append(c.lacks, bench.Lacks()...)...)
		})
	}
}

// TestLoops shows that every library performs all operations of SetAll and
// LoadAll.
func TestLoops(t *testing.T) {
	for _, c := range rivals.Contenders() {
		t.Run(c.Name, func(t *testing.T) {
			if !bench.SetsEach(c.New()) {
				t.Error("SetAll sets the last only")
			}
			v := c.New()
			if _, ok := v.(bench.Loader[int64]); ok && !bench.LoadsEach(v) {
				t.Error("LoadAll loads once only")
			}
		})
	}
}

// TestReportNamesExist: everything that BENCHMARKS.md shows of these libraries
// can be run again.
func TestReportNamesExist(t *testing.T) {
	functions, err := bench.Functions("rivals_test.go")
	if err != nil {
		t.Fatal(err)
	}
	missing, err := bench.Missing("../..", "rivals", functions, rivals.Contenders())
	if err != nil || len(missing) > 0 {
		t.Fatal("no such benchmarks:", missing, err)
	}
}

func BenchmarkSet(b *testing.B)           { bench.Set.Benchmark(b, rivals.Contenders()) }
func BenchmarkGet(b *testing.B)           { bench.Get.Benchmark(b, rivals.Contenders()) }
func BenchmarkLoad(b *testing.B)          { bench.Load.Benchmark(b, rivals.Contenders()) }
func BenchmarkSetGet(b *testing.B)        { bench.SetGet.Benchmark(b, rivals.Contenders()) }
func BenchmarkWatchGetClose(b *testing.B) { bench.WatchGetClose.Benchmark(b, rivals.Contenders()) }
func BenchmarkRoundTrip(b *testing.B)     { bench.RoundTrip.Benchmark(b, rivals.Contenders()) }
func BenchmarkSetParked(b *testing.B)     { bench.SetParked.Benchmark(b, rivals.Contenders()) }
func BenchmarkSetBusy(b *testing.B)       { bench.SetBusy.Benchmark(b, rivals.Contenders()) }
func BenchmarkLatency(b *testing.B)       { bench.Latency.Benchmark(b, rivals.Contenders()) }
func BenchmarkProducers(b *testing.B)     { bench.Producers.Benchmark(b, rivals.Contenders()) }
func BenchmarkChurn(b *testing.B)         { bench.Churn.Benchmark(b, rivals.Contenders()) }
func BenchmarkParkedBytes(b *testing.B)   { bench.ParkedBytes.Benchmark(b, rivals.Contenders()) }
func BenchmarkGarbage(b *testing.B)       { bench.Garbage.Benchmark(b, rivals.Contenders()) }
