package linear_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/linear"
	"github.com/eventvalue/event/internal/verify/model"
)

var (
	duration = flag.Duration("for", 0, "go on recording histories for so long")
	pictures = flag.String("pictures", "violations", "where pictures of violations are kept")
)

// histories is how many are recorded without -for.
const histories = 30_000

// record is Record with a watchdog, for a lost wake-up would hang it.
func record(v linear.Value, seed uint64) (ops []operation) {
	dog := time.AfterFunc(2*time.Minute, func() {
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
		panic(fmt.Sprintf("watchdog: history %d hangs; the goroutines are above", seed))
	})
	defer dog.Stop()
	return linear.Record(v, seed)
}

func TestHistories(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	overlaps, results, n := 0, map[string]int{}, 0
	first := rand.Uint64()
	for begin := time.Now(); n < histories || time.Since(begin) < *duration; n++ {
		h := record(new(event.MemoryValue[int]), first+uint64(n))
		require.NoError(t, linear.Check(h, *pictures, fmt.Sprintf("seed-%d", first+uint64(n))))
		overlaps += overlapping(h)
		for _, op := range h {
			results[describe(op)]++
		}
	}
	t.Logf("%d histories, %d calls that overlap others; results: %v", n, overlaps, results)
	// Histories in which little happens at once, or one result never comes,
	// show little.
	require.Greater(t, overlaps, n)
	for _, result := range []string{
		"Get ok", "Get ended", "Get ErrClosed", "Get ErrWatcherClosed", "Get BacklogDone",
		"Update ok", "Update no", "Load ok", "Load no", "Changed ok", "Changed no",
	} {
		require.NotZero(t, results[result], result)
	}
}

// TestReferenceHistories has the reference model of the other tests checked
// likewise.
func TestReferenceHistories(t *testing.T) {
	for seed := range uint64(500) {
		h := record(new(model.Value[int]), seed)
		require.NoError(t, linear.Check(h, t.TempDir(), "reference"))
	}
}
