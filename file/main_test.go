package file_test

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/eventvalue/event/file"
)

var long = flag.Bool("long", false, "the tests that swap, and those of the model, run for a minute each")

func TestMain(m *testing.M) {
	flag.Parse()
	// The sweep and the polling would hide that an event was lost. The tests of the two
	// set them.
	file.SetSweep(time.Hour)
	file.SetFallback(time.Hour)
	if d, err := time.ParseDuration(os.Getenv("FILE_TEST_PATIENCE")); err == nil {
		patience = d // Short, to see a test fail.
	}
	if child := os.Getenv("FILE_TEST_CHILD"); child != "" {
		os.Exit(runChild(child))
	}
	os.Exit(m.Run())
}
