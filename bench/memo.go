package bench

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/eventvalue/event"
)

// ViewGet is a Set and the TryGet that returns it: of the value itself, and through
// views of one source. A Debounce holds the value back for a nanosecond, which is over
// at the second TryGet at the latest.
var ViewGet = Workload{
	Name:       "ViewGet",
	own:        []Contender{{Name: own}, {Name: "map"}, {Name: "where"}, {Name: "memo"}, {Name: "debounce"}},
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, _ args) {
		v := event.New(int64(-1))
		same := func(n int64) int64 { return n }
		var view event.ValueWatch[int64] = v
		switch c.Name {
		case "map":
			view = event.Map(view, same)
		case "where":
			view = event.Where(view, func(int64) bool { return true })
		case "memo":
			view = event.Memo(view, same)
		case "debounce":
			view = event.Debounce(view, time.Nanosecond)
		}
		w := view.Watch()
		defer w.Close()
		b.ReportAllocs()
		b.ResetTimer()
		for i := range int64(b.N) {
			v.Set(i)
			tryUntil(b, w, i)
		}
	},
}

// Memo is a Set and a TryGet of each of many watchers, of an encoding: through a Memo,
// and through a Map.
var Memo = Workload{
	Name:       "Memo",
	Watchers:   []int{1, 10, 1000},
	own:        []Contender{{Name: own}, {Name: "map"}},
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, a args) {
		v := event.New(int64(-1))
		view := event.Memo(v, encode)
		if c.Name == "map" {
			view = event.Map(v, encode)
		}
		ws := make([]event.Watcher[[]byte], a.watchers)
		for i := range ws {
			ws[i] = view.Watch()
			defer ws[i].Close()
		}
		b.ReportAllocs()
		b.ResetTimer()
		for i := range int64(b.N) {
			v.Set(i)
			for _, w := range ws {
				if text, _, err := event.TryGet(context.Background(), w); err != nil || len(text) == 0 {
					b.Fatal(text, err)
				}
			}
		}
	},
}

// encode is an encoding of n that takes some microseconds.
func encode(n int64) []byte {
	var text []byte
	for range 100 {
		text = strconv.AppendInt(text, n, 10)
	}
	return text
}

// tryUntil calls TryGet until it returns n.
func tryUntil(b *testing.B, w event.Watcher[int64], n int64) {
	for {
		got, ok, err := event.TryGet(context.Background(), w)
		if err != nil {
			b.Fatal(err)
		}
		if ok && got == n {
			return
		}
	}
}
