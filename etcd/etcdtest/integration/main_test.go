package integration

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/eventvalue/event/etcd/etcdtest"
)

var faults = flag.Bool("faults", false, "run the tests that start, kill and pause processes")

func TestMain(m *testing.M) {
	etcdtest.Main() // Members of clusters are further processes of this test.
	code := m.Run()
	if left := leftovers(); code == 0 && left != "" {
		fmt.Println("goroutines are left:\n" + left)
		code = 1
	}
	os.Exit(code)
}

// leftovers returns the stacks of goroutines of this project and of etcd's client that do not
// end by themselves.
func leftovers() (left string) {
	for range 500 {
		left = ""
		buf := make([]byte, 16<<20)
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(g, "leftovers(") {
				continue
			}
			if strings.Contains(g, "eventvalue/event") || strings.Contains(g, "clientv3.") {
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
