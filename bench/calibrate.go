package bench

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

// Calibrate is arithmetic, first on one processor and then on all of them at
// once. It uses no contender. Its result varies only if the machine varies.
var Calibrate = Workload{
	Name:       "Calibrate",
	alone:      true,
	iterations: always("20000x"),
	run: func(b *testing.B, _ Contender, _ args) {
		one := xorshift(b, 1)
		all := xorshift(b, runtime.GOMAXPROCS(0))
		b.ReportMetric(one, "ns/one")
		b.ReportMetric(all, "ns/all")
		b.ReportMetric(0, "ns/op")
	},
}

// xorshift runs b.N iterations on each of the goroutines. It returns the
// nanoseconds per iteration.
func xorshift(b *testing.B, goroutines int) float64 {
	start := time.Now()
	var done sync.WaitGroup
	for range goroutines {
		done.Go(func() {
			x := uint64(88172645463325252)
			for range b.N {
				for range 1000 {
					x ^= x << 13
					x ^= x >> 7
					x ^= x << 17
				}
			}
			if x == 0 {
				b.Error("there is no zero in this sequence")
			}
		})
	}
	done.Wait()
	return perOp(time.Since(start), b.N)
}

// perOp returns a duration divided by n, in nanoseconds.
func perOp(d time.Duration, n int) float64 { return float64(d.Nanoseconds()) / float64(n) }
