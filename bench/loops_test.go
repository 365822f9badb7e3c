package bench_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/bench"
)

// TestLoops shows that every contender performs all operations of SetAll and
// LoadAll.
func TestLoops(t *testing.T) {
	benchtime(t, "100ms")
	for _, c := range bench.Contenders() {
		t.Run(c.Name, func(t *testing.T) {
			assert.True(t, bench.SetsEach(c.New()))
			if v := c.New(); isLoader(v) {
				assert.True(t, bench.LoadsEach(v))
			}
		})
	}
	assert.False(t, bench.SetsEach(hastyValue{bench.NewEvent[int64]()}))
	assert.False(t, bench.LoadsEach(hastyValue{bench.NewEvent[int64]()}))
}

func isLoader(v bench.Value[int64]) bool {
	_, ok := v.(bench.Loader[int64])
	return ok
}

// A hastyValue sets the last only, and LoadAll returns what was set first.
type hastyValue struct{ bench.Value[int64] }

func (v hastyValue) SetAll(vals []int64) { v.Set(vals[len(vals)-1]) }

func (v hastyValue) Load() (int64, bool) { return v.Value.(bench.Loader[int64]).Load() }

func (v hastyValue) LoadAll(pb *testing.PB) (int64, bool) {
	for pb.Next() {
	}
	return 0, true
}
