// Package leak finds goroutines that can never be woken. The runtime finds them
// in a garbage collection, if the program was built with the experiment
// goroutineleakprofile:
//
//	make leaks
package leak

import (
	"bytes"
	"fmt"
	"os"
	"runtime/pprof"
	"testing"
)

// Env is the environment variable that makes [Main] fail if the profile is
// missing.
const Env = "EVENT_LEAKS"

// Found returns a description of the leaked goroutines, or "" if there are
// none. It reports false if the program was built without the profile.
func Found() (goroutines string, ok bool) {
	p := pprof.Lookup("goroutineleak")
	if p == nil {
		return "", false
	}
	var b bytes.Buffer
	if err := p.WriteTo(&b, 1); err != nil { // Count is valid only after WriteTo.
		return err.Error(), true
	}
	if p.Count() == 0 {
		return "", true
	}
	return b.String(), true
}

// Main is for TestMain. It runs the tests and exits. The exit code reports a
// failure if a test has failed, or if a goroutine has leaked after the last
// test.
func Main(m *testing.M) {
	code := m.Run()
	goroutines, ok := Found()
	switch {
	case goroutines != "":
		fmt.Fprintln(os.Stderr, "leaked after the last test:", goroutines)
		code = max(code, 1)
	case !ok && os.Getenv(Env) != "":
		fmt.Fprintln(os.Stderr, "no leak profile: build with GOEXPERIMENT=goroutineleakprofile")
		code = max(code, 1)
	}
	os.Exit(code)
}
