package bench

import (
	"context"
	"testing"

	"github.com/eventvalue/event"
)

// A Value is one implementation of a state that is set and watched.
type Value[T any] interface {
	Set(T)
	Watch() Watcher[T]
	// SetAll sets all vals, one after the other.
	SetAll(vals []T)
	// GetAll calls Get of each watcher and stores the results in vals. The
	// watchers belong to this value and have something to return.
	GetAll(ctx context.Context, ws []Watcher[T], vals []T) error
}

// A Watcher follows a Value. It is an [event.Watcher] without Changed, so an
// event.Watcher is a Watcher without a wrapper, which would cost an object and
// a call. Contenders that have no options ignore opts.
type Watcher[T any] interface {
	Get(ctx context.Context, opts ...event.GetOption[T]) (T, error)
	Close() error
}

// A Loader is a Value that can be read without a watcher.
type Loader[T any] interface {
	Load() (T, bool)
	// LoadAll loads once and, as long as there is data, once more for each Next
	// of pb. It returns the result of the last load.
	LoadAll(pb *testing.PB) (T, bool)
}

// A Contender is one implementation of Value with its name.
type Contender struct {
	// Name is the "rival=" of the benchmarks.
	Name string
	New  func() Value[int64]

	// IgnoresContext reports that a context cannot end Get.
	IgnoresContext bool
	// Only contains the workloads in which the contender takes part. If it is
	// empty, the contender takes part in all workloads that suit it.
	Only []string
}

// own is the name of this library as a contender.
const own = "event"

// Contenders returns this library and its rivals from the standard library.
func Contenders() []Contender {
	return []Contender{
		{Name: own, New: NewEvent[int64]},
		{Name: "cond", New: NewCond[int64], IgnoresContext: true},
		{Name: "cond-fresh", New: NewCondFresh[int64], IgnoresContext: true},
		{Name: "cond-context", New: NewCondContext[int64], Only: []string{"RoundTrip"}},
		{Name: "channel", New: NewChannel[int64]},
		{Name: "replace-eager", New: NewReplaceEager[int64]},
		{Name: "replace-lazy", New: NewReplaceLazy[int64]},
		{Name: "poll", New: NewPoll[int64], Only: []string{"Get", "SetGet", "RoundTrip", "WatchGetClose"}},
		{Name: "store", New: NewPoll[int64], Only: []string{"Set", "Load"}},
	}
}
