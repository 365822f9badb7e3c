package bench_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/bench"
)

// TestReportNamesExist: every benchmark that REPORT.md names is a function
// of this package, of bench/inspected or of etcd's, and everything that its results are of can be
// run again.
func TestReportNamesExist(t *testing.T) {
	missing, err := bench.Missing("..", "bench", functions(t, "bench_test.go"), bench.Contenders())
	require.NoError(t, err)
	assert.Empty(t, missing)

	text, err := os.ReadFile("results/REPORT.md")
	require.NoError(t, err)
	exist := functions(t, "bench_test.go")
	const etcd = "../etcd/etcdtest/integration/"
	for _, file := range []string{"inspected/inspected_test.go", etcd + "bench_test.go", etcd + "idle_linux_test.go"} {
		exist = append(exist, functions(t, file)...)
	}
	named := regexp.MustCompile(`Benchmark[A-Z]\w*`).FindAllString(string(text), -1)
	assert.NotEmpty(t, named)
	for _, name := range named {
		assert.Contains(t, exist, name)
	}
}

func functions(t *testing.T, path string) []string {
	names, err := bench.Functions(path)
	require.NoError(t, err)
	return names
}

// TestWorkloadsHaveBenchmarks: none has been forgotten.
func TestWorkloadsHaveBenchmarks(t *testing.T) {
	exist := functions(t, "bench_test.go")
	for _, w := range bench.Workloads() {
		assert.Contains(t, exist, "Benchmark"+w.Name)
	}
}

func TestMissing(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("bench/results/2026-a.txt", `goos: linux
BenchmarkSet/rival=event-2         	 1693150	        33.37 ns/op
BenchmarkSet/rival=event
BenchmarkSetParked/rival=event/ctx=shared/watchers=10-2  1 2 ns/set
BenchmarkSetParked/rival=event/ctx=shared/watchers=11-2  1 2 ns/set
BenchmarkGone/rival=cond-2  1 2 ns/op
BenchmarkSet/rival=renamed-2  1 2 ns/op
pkg: example.com/bench/rivals
BenchmarkSet/rival=somebody-2  1 2 ns/op
pkg: example.com/bench
BenchmarkSet/rival=cond-2  1 2 ns/op
`)
	write("BENCHMARKS.md", "No results.\n")
	exist := []string{"TestMissing", "BenchmarkSet", "BenchmarkSetParked", "BenchmarkGone"}
	_, err := bench.Missing(dir, "bench", exist, bench.Contenders())
	assert.ErrorContains(t, err, "does not say")

	write("BENCHMARKS.md", "Results: bench/results/2026-a.txt.\n")
	missing, err := bench.Missing(dir, "bench", exist, bench.Contenders())
	require.NoError(t, err)
	assert.Equal(t, []string{"BenchmarkSetParked/rival=event/ctx=shared/watchers=11", "BenchmarkGone/rival=cond", "BenchmarkSet/rival=renamed"}, missing)

	missing, err = bench.Missing(dir, "bench", []string{"BenchmarkSetParked"}, bench.Contenders())
	require.NoError(t, err)
	assert.Contains(t, missing, "BenchmarkSet/rival=event", "its function is gone")
}
