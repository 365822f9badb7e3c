package inspect

import (
	"reflect"
	"runtime"
	"runtime/pprof"
	"strings"
)

// profileName is the name of the profile. It has no spaces, so that it can be a part of a
// URL.
const profileName = "event.watchers"

var profile = newProfile()

func newProfile() *pprof.Profile {
	if p := pprof.Lookup(profileName); p != nil { // A second copy of this module in the program.
		return p
	}
	return pprof.NewProfile(profileName)
}

// Profile returns the profile "event.watchers": the stacks of the calls of Watch whose
// tracked watchers are open. A stack that has more and more watchers is one that
// does not close them. The profile is also at /debug/pprof/event.watchers, if the program
// imports net/http/pprof, and go tool pprof reads it.
func Profile() *pprof.Profile { return profile }

// The full names of the Watch methods of this package begin with one of these.
var (
	trackedPrefix  = reflect.TypeFor[record]().PkgPath() + ".(*tracked["
	loadablePrefix = reflect.TypeFor[record]().PkgPath() + ".(*loadableTracked["
)

// addToProfile adds r with a stack that begins at the caller of Watch. Between this function
// and that caller are the Watch methods of this package: one for each Track, and perhaps
// others that the compiler makes for generic code.
func addToProfile(r *record) {
	var pcs [8]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	skip := 2 // Add and this function
	for {
		f, more := frames.Next()
		if !more || !strings.HasPrefix(f.Function, trackedPrefix) && !strings.HasPrefix(f.Function, loadablePrefix) {
			break
		}
		skip++
	}
	profile.Add(r, skip)
}
