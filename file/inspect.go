package file

import (
	"time"

	"github.com/eventvalue/event"
)

// InspectFile reports the files to package inspect of the root module. hash and loaded are
// those of the content in force, or zero before the first load. err is the error of the
// newest attempt.
func (v *Value[T]) InspectFile() (path, hash string, loaded time.Time, err error) {
	s, _ := event.Load(v.Status())
	return v.follower.source.name(), s.Hash, s.Loaded, s.Err
}

// InspectVersion reports the version in force to package inspect.
func (v *Value[T]) InspectVersion() uint64 {
	s, _ := event.Load(v.Status())
	return s.Version
}

// InspectWatchers reports the number of open watchers to package inspect.
func (v *Value[T]) InspectWatchers() int {
	n, _ := event.Load(v.value.Watchers())
	return n
}

// InspectFile reports the files to package inspect: see [Value.InspectFile].
func (c *Certificate) InspectFile() (path, hash string, loaded time.Time, err error) {
	return c.value.InspectFile()
}

// InspectVersion reports the version in force to package inspect.
func (c *Certificate) InspectVersion() uint64 { return c.value.InspectVersion() }

// InspectWatchers reports the number of open watchers to package inspect.
func (c *Certificate) InspectWatchers() int { return c.value.InspectWatchers() }
