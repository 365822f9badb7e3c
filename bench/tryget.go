package bench

import (
	"context"
	"testing"

	"github.com/eventvalue/event"
)

// TryGet is a Set and two looks without waiting, of which the second finds nothing: by
// [event.TryGet], and by a Get with an option that is written in the call.
var TryGet = Workload{
	Name:       "TryGet",
	own:        []Contender{{Name: own}, {Name: "get"}},
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, _ args) {
		look := event.TryGet[int64]
		if c.Name == "get" {
			look = tryByGet
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var v event.MemoryValue[int64]
		w := v.Watch()
		defer w.Close()
		b.ReportAllocs()
		b.ResetTimer()
		for i := range int64(b.N) {
			v.Set(i)
			got, found, err := look(ctx, w)
			_, more, _ := look(ctx, w)
			if got != i || !found || more || err != nil {
				b.Fatal("set", i, "got", got, found, more, err)
			}
		}
	},
}

// tryByGet is a TryGet as it is written with a Get.
func tryByGet(ctx context.Context, w event.Watcher[int64], _ ...event.GetOption[int64]) (int64, bool, error) {
	val, err := w.Get(ctx, event.BacklogOnly[int64]())
	if err == event.BacklogDone {
		return val, false, nil
	}
	return val, err == nil, err
}
