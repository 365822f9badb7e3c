package event

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"strconv"
)

// A description is what a MemoryValue reports about itself to packages that print
// or encode: never a value, because a value may be a secret.
type description struct {
	Type    string `json:"type"`    // of the values
	Version uint64 `json:"version"` // 0 for no data
	Closed  bool   `json:"closed"`
}

func (v *MemoryValue[T]) describe() description {
	d := description{Type: typeName[T]()}
	if s := v.head.Load(); s != nil {
		d.Version, d.Closed = s.version>>versionShift, s.final()
	}
	return d
}

// typeName returns the name of T.
//
//explore:skip uses reflection
func typeName[T any]() string { return reflect.TypeFor[T]().String() }

func (d description) String() string {
	text := "event.MemoryValue[" + d.Type + "](version " + strconv.FormatUint(d.Version, 10)
	if d.Closed {
		text += ", closed"
	}
	return text + ")"
}

// String returns the type of v, its version, and whether v is closed, such as
// "event.MemoryValue[int](version 3, closed)". The version is the number of Sets and
// successful Updates so far. A nil v is "<nil>".
//
// String never returns the value, which may be a secret: print what Load returns, if
// you want it. String, GoString, LogValue and MarshalJSON may be called concurrently
// with all other methods.
//
// The four methods belong to the pointer. If a struct holds a MemoryValue, and not a
// pointer to one, package fmt prints the fields of the MemoryValue instead. That shows
// the value, and is a data race with a Set. Hold a pointer, or give the struct a String
// method. A struct that embeds a MemoryValue has the four methods itself, and is
// printed by them.
func (v *MemoryValue[T]) String() string {
	if v == nil {
		return "<nil>"
	}
	return v.describe().String()
}

// GoString returns what String returns, in the form of a Go expression, for %#v:
// see [MemoryValue.String].
func (v *MemoryValue[T]) GoString() string {
	if v == nil {
		return "(*event.MemoryValue[" + typeName[T]() + "])(nil)"
	}
	d := v.describe()
	text := "&event.MemoryValue[" + d.Type + "]{/* version " + strconv.FormatUint(d.Version, 10)
	if d.Closed {
		text += ", closed"
	}
	return text + " */}"
}

// LogValue returns a group of the attributes type, version and closed, for package
// [log/slog]: see [MemoryValue.String].
//
//explore:skip uses package log/slog
func (v *MemoryValue[T]) LogValue() slog.Value {
	if v == nil {
		return slog.AnyValue(nil)
	}
	d := v.describe()
	return slog.GroupValue(slog.String("type", d.Type), slog.Uint64("version", d.Version), slog.Bool("closed", d.Closed))
}

// MarshalJSON returns an object with the members type, version and closed, and no
// error, so that a struct with a pointer to a MemoryValue can be encoded: see
// [MemoryValue.String]. The object is for people to read. It does not have the value,
// and decoding it sets nothing: encode what Load returns, if you want the value.
//
//explore:skip uses package encoding/json
func (v *MemoryValue[T]) MarshalJSON() ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	return json.Marshal(v.describe())
}
