package file_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

// BenchmarkSave saves a file and waits until the last of 10,000 workers has the new version.
// Quiet is 0, so that the time is that of the system and of the value.
func BenchmarkSave(b *testing.B) {
	for _, workers := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) { benchmarkSave(b, workers) })
	}
}

func benchmarkSave(b *testing.B, workers int) {
	path := filepath.Join(b.TempDir(), "app.conf")
	require.NoError(b, os.WriteFile(path, []byte("good 0"), 0o644))
	ctx, cancel := context.WithCancel(context.Background())
	var running, have sync.WaitGroup
	v := file.New(path, words, file.Quiet(0))
	have.Add(workers)
	running.Go(func() { _ = v.Serve(ctx) })
	for range workers {
		running.Go(func() {
			w := v.Watch()
			defer w.Close()
			for {
				if _, err := w.Get(ctx); err != nil {
					return
				}
				have.Done()
			}
		})
	}
	have.Wait()
	var lags []time.Duration
	n := 0
	for b.Loop() {
		n++
		have.Add(workers)
		next := path + ".next"
		require.NoError(b, os.WriteFile(next, fmt.Append(nil, "good ", n), 0o644))
		start := time.Now()
		require.NoError(b, os.Rename(next, path))
		have.Wait()
		lags = append(lags, time.Since(start))
	}
	cancel()
	running.Wait()
	slices.Sort(lags)
	b.ReportMetric(float64(lags[len(lags)/2].Microseconds()), "µs-p50")
	b.ReportMetric(float64(lags[len(lags)*99/100].Microseconds()), "µs-p99")
}

// BenchmarkIdle reports the processor time, the waits of threads and the readings in a second
// in which no file changes. With no file it reports those of the benchmark itself.
func BenchmarkIdle(b *testing.B) {
	defer file.SetSweep(5 * time.Second)()
	for _, files := range []int{0, 1, 1000} {
		b.Run(fmt.Sprint("files=", files), func(b *testing.B) { benchmarkIdle(b, files) })
	}
}

func benchmarkIdle(b *testing.B, files int) {
	dir := b.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	var running, loaded sync.WaitGroup
	loaded.Add(files)
	for i := range files {
		path := filepath.Join(dir, fmt.Sprint(i))
		require.NoError(b, os.WriteFile(path, []byte("good 0"), 0o644))
		v := file.New(path, func(data []byte) (string, error) { loaded.Done(); return words(data) })
		running.Go(func() { _ = v.Serve(ctx) })
	}
	loaded.Wait()
	time.Sleep(100 * time.Millisecond) // So that what belongs to the first load is over.
	seconds, waits, events, readings := 0.0, switches(), file.Events(), file.Readings()
	cpu := processorTime()
	for b.Loop() {
		time.Sleep(time.Second)
		seconds++
	}
	b.ReportMetric(float64((processorTime()-cpu).Microseconds())/seconds, "cpu-µs/s")
	b.ReportMetric(float64(switches()-waits)/seconds, "waits/s")
	b.ReportMetric(float64(file.Events()-events+file.Readings()-readings)/seconds, "readings/s")
	cancel()
	running.Wait()
}
