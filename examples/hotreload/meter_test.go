package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// TestMeter plays two workers: one gets both versions, the other skips the
// first.
func TestMeter(t *testing.T) {
	m := NewMeter(2)
	var _ event.Value[*Config] = m
	arrive := func(w event.Watcher[*Config], worker int) {
		c, err := w.Get(t.Context())
		require.NoError(t, err)
		c.delivery.Arrived(worker)
	}
	quick, slow := m.Watch(), m.Watch()
	delivered := m.Delivered().Watch()
	none := func() {
		_, err := delivered.Get(t.Context(), event.BacklogOnly[int]())
		require.Equal(t, event.BacklogDone, err)
	}

	m.Set(&Config{Version: 1})
	arrive(quick, 0)
	version, have := m.Progress()
	require.Equal(t, []int{1, 1}, []int{version, have})
	m.Set(&Config{Version: 2})
	arrive(slow, 1)
	none()
	arrive(quick, 0)
	upTo, err := delivered.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, upTo)

	require.Empty(t, m.Take(0))
	taken := m.Take(upTo)
	require.Len(t, taken, 2)
	require.Empty(t, m.Take(upTo))
	for i, skipped := range []int{1, 0} {
		lags, n := sortedLags(taken[i])
		require.Equal(t, i+1, taken[i].Version)
		require.Equal(t, skipped, n)
		require.Len(t, lags, 2-skipped)
		require.Positive(t, lags[0])
	}
}

func TestFleetEndsWithTheValue(t *testing.T) {
	m := NewMeter(5)
	f := StartFleet(t.Context(), 5, func(int) event.ValueWatch[*Config] { return m })
	m.Set(&Config{Version: 1})
	m.Close(errDemoOver)
	require.Equal(t, 5, f.Wait())
	lags, skipped := sortedLags(m.Take(1)[0])
	require.Len(t, lags, 5, "the final value reaches all before the end does")
	require.Zero(t, skipped)
}
