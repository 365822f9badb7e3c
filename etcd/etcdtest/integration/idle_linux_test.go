package integration

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/eventvalue/event/remote"
)

// idleTime is the time for which BenchmarkIdle measures.
const idleTime = 5 * time.Second

// BenchmarkIdle measures the CPU time that Values without changes cost, in milliseconds per
// second: of this process, and of the server, which is another process.
func BenchmarkIdle(b *testing.B) {
	for _, values := range []int{1, 1000} {
		b.Run(fmt.Sprintf("values=%d", values), func(b *testing.B) {
			f := newField(b)
			put(b, f.client, "key", "value")
			for i := range values {
				v := remote.NewValue(f.store, fmt.Sprint("key ", i), remote.String())
				defer v.Close()
				w := v.Watch()
				defer w.Close()
				if _, err := w.Get(patient(b)); err != nil {
					b.Fatal(err)
				}
			}
			time.Sleep(idleTime) // All move to the shared stream.
			client, server := cpu(b, os.Getpid()), cpu(b, f.pid)
			for range b.N {
				time.Sleep(idleTime)
			}
			seconds := float64(b.N) * idleTime.Seconds()
			b.ReportMetric(float64((cpu(b, os.Getpid())-client).Milliseconds())/seconds, "client-ms/s")
			b.ReportMetric(float64((cpu(b, f.pid)-server).Milliseconds())/seconds, "server-ms/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cpu returns the CPU time that a process has used.
func cpu(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Fatal(err)
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	var ticks int64
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			tb.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
