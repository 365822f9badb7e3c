package file_test

import (
	"flag"
	"os"
	"testing"
)

var long = flag.Bool("long", false, "the tests that swap, and those of the model, run for a minute each")

func TestMain(m *testing.M) {
	flag.Parse()
	if child := os.Getenv("FILE_TEST_CHILD"); child != "" {
		os.Exit(runChild(child))
	}
	os.Exit(m.Run())
}
