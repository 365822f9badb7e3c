// Package leak looks for goroutines that wait for what nobody can give them any more. The runtime
// finds them in a garbage collection, where the toolchain has the experiment goroutineleakprofile:
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

// Env is the environment variable that has [Main] fail where the profile is missing.
const Env = "EVENT_LEAKS"

// Found returns a description of the goroutines that have leaked, "" if there are none. It reports
// false if this program has been built without the profile.
func Found() (goroutines string, ok bool) {
	p := pprof.Lookup("goroutineleak")
	if p == nil {
		return "", false
	}
	var b bytes.Buffer
	if err := p.WriteTo(&b, 1); err != nil { // Looks for them, and only then counts.
		return err.Error(), true
	}
	if p.Count() == 0 {
		return "", true
	}
	return b.String(), true
}

// Main is for TestMain: it runs the tests, and they fail also if goroutines have leaked after all
// of them.
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
