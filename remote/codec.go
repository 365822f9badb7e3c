package remote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// A Codec encodes values to the bytes that a [Store] keeps, and decodes them.
// Its methods may be called concurrently. They must not keep or modify their
// arguments. Their results may share memory with the arguments.
//
// Decode is called once for each state of a key, for all watchers together. It
// runs on the goroutine that follows the store, and no lock is held. It must
// not wait, because all watchers would wait with it. A panic in it counts as an
// error; see [BadValueError].
type Codec[T any] interface {
	Encode(val T) ([]byte, error)
	Decode(data []byte) (T, error)
}

// JSON returns the [Codec] of package encoding/json.
//
// Decode returns an error for null, unless T has a value for it: a pointer, a
// map, a slice or an interface is nil then, and a type with UnmarshalJSON
// decides itself. Package encoding/json alone would accept null as the zero
// value of any type. Use JSON[*T] to accept null.
func JSON[T any]() Codec[T] { return jsonCodec[T]{} }

type jsonCodec[T any] struct{}

func (jsonCodec[T]) Encode(val T) ([]byte, error) { return json.Marshal(val) }

func (jsonCodec[T]) Decode(data []byte) (val T, err error) {
	if string(bytes.TrimSpace(data)) == "null" && !acceptsNull(reflect.TypeFor[T]()) {
		return val, fmt.Errorf("null is not a value of type %v", reflect.TypeFor[T]())
	}
	err = json.Unmarshal(data, &val)
	return val, err
}

// acceptsNull reports whether JSON's null is a value of type t.
func acceptsNull(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return true
	}
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}

// Bytes returns the [Codec] that keeps bytes as they are. It does not copy, so
// the bytes that a Get returns must not be modified.
func Bytes() Codec[[]byte] { return bytesCodec{} }

type bytesCodec struct{}

func (bytesCodec) Encode(val []byte) ([]byte, error)  { return val, nil }
func (bytesCodec) Decode(data []byte) ([]byte, error) { return data, nil }

// String returns the [Codec] of strings. A string may hold any bytes.
func String() Codec[string] { return stringCodec{} }

type stringCodec struct{}

func (stringCodec) Encode(val string) ([]byte, error)  { return []byte(val), nil }
func (stringCodec) Decode(data []byte) (string, error) { return string(data), nil }
