package remote_test

import (
	"testing"

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
