package bench_test

import (
	"testing"

	"github.com/eventvalue/event/bench"
)

func TestMain(m *testing.M) { bench.Main(m, bench.Contenders()) }

func BenchmarkCalibrate(b *testing.B)     { bench.Calibrate.Benchmark(b, bench.Contenders()) }
func BenchmarkSet(b *testing.B)           { bench.Set.Benchmark(b, bench.Contenders()) }
func BenchmarkGet(b *testing.B)           { bench.Get.Benchmark(b, bench.Contenders()) }
func BenchmarkTryGet(b *testing.B)        { bench.TryGet.Benchmark(b, bench.Contenders()) }
func BenchmarkLoad(b *testing.B)          { bench.Load.Benchmark(b, bench.Contenders()) }
func BenchmarkSetGet(b *testing.B)        { bench.SetGet.Benchmark(b, bench.Contenders()) }
func BenchmarkWatchGetClose(b *testing.B) { bench.WatchGetClose.Benchmark(b, bench.Contenders()) }
func BenchmarkUntil(b *testing.B)         { bench.Until.Benchmark(b, bench.Contenders()) }
func BenchmarkRoundTrip(b *testing.B)     { bench.RoundTrip.Benchmark(b, bench.Contenders()) }
func BenchmarkSetParked(b *testing.B)     { bench.SetParked.Benchmark(b, bench.Contenders()) }
func BenchmarkSetBusy(b *testing.B)       { bench.SetBusy.Benchmark(b, bench.Contenders()) }
func BenchmarkLatency(b *testing.B)       { bench.Latency.Benchmark(b, bench.Contenders()) }
func BenchmarkProducers(b *testing.B)     { bench.Producers.Benchmark(b, bench.Contenders()) }
func BenchmarkChurn(b *testing.B)         { bench.Churn.Benchmark(b, bench.Contenders()) }
func BenchmarkParkedBytes(b *testing.B)   { bench.ParkedBytes.Benchmark(b, bench.Contenders()) }
func BenchmarkGarbage(b *testing.B)       { bench.Garbage.Benchmark(b, bench.Contenders()) }
func BenchmarkCombine(b *testing.B)       { bench.Combine.Benchmark(b, bench.Contenders()) }
func BenchmarkCombineGet(b *testing.B)    { bench.CombineGet.Benchmark(b, bench.Contenders()) }
func BenchmarkViewGet(b *testing.B)       { bench.ViewGet.Benchmark(b, bench.Contenders()) }
func BenchmarkMemo(b *testing.B)          { bench.Memo.Benchmark(b, bench.Contenders()) }
func BenchmarkInspectSet(b *testing.B)    { bench.InspectSet.Benchmark(b, bench.Contenders()) }
func BenchmarkInspectGet(b *testing.B)    { bench.InspectGet.Benchmark(b, bench.Contenders()) }
func BenchmarkInspectWatch(b *testing.B)  { bench.InspectWatch.Benchmark(b, bench.Contenders()) }
