package bench

import (
	"context"
	"testing"

	"github.com/eventvalue/event"
)

// A Value is a state that is set and watched, in one way of having that.
type Value[T any] interface {
	Set(T)
	Watch() Watcher[T]
	// SetAll sets one after the other.
	SetAll(vals []T)
	// GetAll puts into vals what each of the watchers, which are this value's and have
	// something to return, returns.
	GetAll(ctx context.Context, ws []Watcher[T], vals []T) error
}

// A Watcher follows a Value. It is an [event.Watcher] without Changed: so those need no
// wrapping, which would cost an object and a call. Contenders without options ignore them.
type Watcher[T any] interface {
	Get(ctx context.Context, opts ...event.GetOption[T]) (T, error)
	Close() error
}

// A Loader is a Value that can be read without a watcher.
type Loader[T any] interface {
	Load() (T, bool)
	// LoadAll loads once and, as long as there is data, once more for each Next of pb. It
	// returns what the last returned.
	LoadAll(pb *testing.PB) (T, bool)
}

// A Contender is one way of having a Value.
type Contender struct {
	// Name is the "rival=" of the benchmarks.
	Name string
	New  func() Value[int64]

	// IgnoresContext: its Get cannot be ended by a context.
	IgnoresContext bool
	// Only are the workloads that it takes part in; none for all that it can.
	Only []string
}

// Contenders returns this library and its rivals from the standard library.
func Contenders() []Contender {
	return []Contender{
		{Name: "event", New: NewEvent[int64]},
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
