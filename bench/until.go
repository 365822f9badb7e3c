package bench

import (
	"context"
	"testing"

	"github.com/eventvalue/event"
)

// Until is a context that ends when a value is reached, from its making to its end: by
// [event.Until], and by a goroutine with a Get that cancels it.
var Until = Workload{
	Name:       "Until",
	own:        []Contender{{Name: own}, {Name: "goroutine"}},
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, _ args) {
		until := event.Until[int64]
		if c.Name == "goroutine" {
			until = untilByHand
		}
		var v event.MemoryValue[int64]
		b.ReportAllocs()
		b.ResetTimer()
		for i := range int64(b.N) {
			ctx, cancel := until(context.Background(), &v, func(n int64) bool { return n >= i })
			v.Set(i)
			<-ctx.Done()
			cancel()
		}
	},
}

// untilByHand is an Until as it is written with a goroutine.
func untilByHand(ctx context.Context, v event.ValueWatch[int64], pred func(int64) bool) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = event.Wait(ctx, v, pred)
	}()
	return ctx, cancel
}
