package remote

import (
	"encoding/json"
)

// A Codec turns values into the bytes that a [Store] keeps, and back. Its methods may be called
// concurrently. They keep nothing and modify nothing of what they are given; what they
// return may share memory with it.
//
// Decode is called once for each state of a key, however many watch, on the goroutine that
// follows the store and without a lock. It must not wait: all watchers would. A panic in it
// is not caught.
type Codec[T any] interface {
	Encode(val T) ([]byte, error)
	Decode(data []byte) (T, error)
}

// JSON returns the [Codec] of package encoding/json.
func JSON[T any]() Codec[T] { return jsonCodec[T]{} }

type jsonCodec[T any] struct{}

func (jsonCodec[T]) Encode(val T) ([]byte, error) { return json.Marshal(val) }

func (jsonCodec[T]) Decode(data []byte) (val T, err error) {
	err = json.Unmarshal(data, &val)
	return val, err
}

// Bytes returns the [Codec] that takes bytes as they are. It does not copy: what a Get returns
// must not be modified.
func Bytes() Codec[[]byte] { return bytesCodec{} }

type bytesCodec struct{}

func (bytesCodec) Encode(val []byte) ([]byte, error)  { return val, nil }
func (bytesCodec) Decode(data []byte) ([]byte, error) { return data, nil }

// String returns the [Codec] of strings, of any bytes.
func String() Codec[string] { return stringCodec{} }

type stringCodec struct{}

func (stringCodec) Encode(val string) ([]byte, error)  { return []byte(val), nil }
func (stringCodec) Decode(data []byte) (string, error) { return string(data), nil }
