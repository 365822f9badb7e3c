package remote_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/remote"
)

func TestCodecsDecodeWhatTheyEncode(t *testing.T) {
	const invalidUTF8 = "\x00\xff"
	roundTrip(t, remote.JSON[map[string]int](), map[string]int{"a": 1})
	roundTrip(t, remote.Bytes(), []byte(invalidUTF8))
	roundTrip(t, remote.String(), invalidUTF8)
}

func roundTrip[T any](t *testing.T, codec remote.Codec[T], val T) {
	t.Helper()
	data, err := codec.Encode(val)
	require.NoError(t, err)
	got, err := codec.Decode(data)
	require.NoError(t, err)
	assert.Equal(t, val, got)
}

func TestJSONNull(t *testing.T) {
	type point struct{ X int }
	rejectsNull[point](t)
	rejectsNull[int](t)
	rejectsNull[string](t)
	rejectsNull[[2]int](t)
	acceptsNull[*point](t)
	acceptsNull[map[string]int](t)
	acceptsNull[[]int](t)
	acceptsNull[any](t)
	acceptsNull[json.RawMessage](t)
	acceptsNull[time.Time](t) // It has UnmarshalJSON.
}

func rejectsNull[T any](t *testing.T) {
	t.Helper()
	for _, null := range []string{"null", " null\n"} {
		_, err := remote.JSON[T]().Decode([]byte(null))
		assert.ErrorContains(t, err, "null")
	}
}

func acceptsNull[T any](t *testing.T) {
	t.Helper()
	_, err := remote.JSON[T]().Decode([]byte("null"))
	assert.NoError(t, err)
}
