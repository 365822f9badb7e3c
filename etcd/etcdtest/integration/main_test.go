package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eventvalue/event/etcd/etcdtest"
)

var faults = flag.Bool("faults", false, "run the tests that start, kill and pause processes")

func TestMain(m *testing.M) {
	etcdtest.Main() // Members of clusters are further processes of this test.
	clientMain()    // So are the clients of TestPauseOfTheClient.
	code := m.Run()
	if left := leftovers("eventvalue/event", "etcd/client/v3."); code == 0 && left != "" {
		fmt.Println("goroutines are left:\n" + left)
		code = 1
	}
	os.Exit(code)
}

// watchStreams is the function that each watch stream of a client runs in.
const watchStreams = "etcd/client/v3.(*watchGRPCStream).run("

// leftovers returns the stacks of goroutines that run one of functions and do not
// end within five seconds.
func leftovers(functions ...string) (left string) {
	for range 500 {
		left = ""
		for _, g := range stacks() {
			runs := func(function string) bool { return strings.Contains(g, function) }
			if !runs("leftovers(") && slices.ContainsFunc(functions, runs) {
				left += g + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
		time.Sleep(10 * time.Millisecond)
	}
	return left
}

// stacks returns the stacks of all goroutines.
func stacks() []string {
	buf := make([]byte, 16<<20)
	return strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
}

// TestLeftovers checks that leftovers finds the stream of a watch.
func TestLeftovers(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.direct.Watch(ctx, "k")
	found := slices.ContainsFunc(stacks(), func(g string) bool { return strings.Contains(g, watchStreams) })
	cancel()
	if !found {
		t.Error("the stream of an open watch is not found")
	}
}
