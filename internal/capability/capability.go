// Package capability lets the values and watchers of this repository report what
// they can do beyond the interfaces of package event.
package capability

import "github.com/eventvalue/event/internal/park"

// A Set is the capabilities of one value or watcher. The zero Set has none.
type Set struct {
	// Keyed reports that the value is not one state but several, each under a key.
	// Its watchers return entries. A later entry may belong to another key than an
	// earlier one.
	Keyed bool

	// Lagger reports how far the watcher lags. It is nil for a value, and for a
	// watcher without versions.
	Lagger Lagger

	// Versioner reports where the watcher is. It is nil for a value, and for a
	// watcher without versions.
	Versioner Versioner

	// Signaler reports the changes of the watcher without a goroutine. It is nil for
	// a value, and for a watcher that needs one.
	Signaler Signaler

	// Ender reports the end of the value. It is nil for a value that does not report
	// its end. It has no meaning for a watcher.
	Ender Ender
}

// An Ender reports the end of a value.
type Ender interface {
	// Err returns nil while the value is open, and then the error of its end.
	Err() error
}

// A Lagger reports how far a watcher lags.
type Lagger interface {
	// Behind returns the number of versions between the watcher and its value, and
	// true. It returns zero and false if the watcher has no versions.
	Behind() (versions uint64, ok bool)
}

// A Versioner reports where a watcher is among the versions of its value.
type Versioner interface {
	// Version returns the version that the watcher has passed last, and true. It returns
	// zero and false if the watcher has no versions.
	Version() (version uint64, ok bool)
}

// A Signaler is a watcher that can be waited for together with others.
type Signaler interface {
	// Ready reports whether the channel that Changed returns would be closed.
	Ready() bool

	// Subscribe makes target fire once that channel would be closed. If it would be
	// closed already, Subscribe fires target and returns nil. Otherwise it returns
	// the Relay. The caller stops the Relay when it does not need it any more.
	Subscribe(target park.Target) *park.Relay
}

// A Holder is a value or watcher that reports its capabilities.
type Holder interface{ Capabilities() Set }

// Of returns the capabilities of x, a value or a watcher. Types from outside of this
// repository cannot be Holders, because they cannot name Set. They can have the
// methods Keyed() bool, Behind() (uint64, bool), Version() (uint64, bool) and Err() error.
func Of(x any) Set {
	if h, ok := x.(Holder); ok {
		return h.Capabilities()
	}
	var s Set
	if k, ok := x.(interface{ Keyed() bool }); ok {
		s.Keyed = k.Keyed()
	}
	s.Lagger, _ = x.(Lagger)
	s.Versioner, _ = x.(Versioner)
	s.Ender, _ = x.(Ender)
	return s
}

// EndOf returns the capabilities of a view that has only the end of its source.
func EndOf(source any) Set { return Set{Ender: Of(source).Ender} }

// OpenWatchers returns the number of open watchers of a value, and true; or zero and
// false, if x is not a value that counts them. It is one atomic load of a count that each
// Watch and each Close keep in any case. Package event sets it: a value has no method for
// it that a program could call.
var OpenWatchers func(x any) (n int, ok bool)
