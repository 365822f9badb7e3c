package notify_test

import (
	"context"
	"testing"

	"github.com/eventvalue/event/notify"
)

// BenchmarkFire fires while nobody waits, each broadcast once.
func BenchmarkFire(b *testing.B) {
	b.ReportAllocs()
	for left := b.N; left > 0; {
		b.StopTimer()
		bs := make([]notify.Broadcast, min(left, 1<<20))
		left -= len(bs)
		b.StartTimer()
		for i := range bs {
			bs[i].Fire()
		}
		b.StopTimer()
		for i := range bs {
			if !bs[i].Fired() {
				b.Fatalf("broadcast %d has not fired", i)
			}
		}
	}
}

// BenchmarkWait lets two goroutines answer each other, under a context that can end: an
// operation is two Fires, two waits and two wake-ups.
func BenchmarkWait(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	asks, answers := make([]notify.Broadcast, b.N), make([]notify.Broadcast, b.N)
	answered := make(chan int)
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		var w notify.Waiter
		defer w.Close()
		n := 0
		for i := range asks {
			if w.Wait(ctx, &asks[i]) == nil {
				n++
			}
			answers[i].Fire()
		}
		answered <- n
	}()
	var w notify.Waiter
	defer w.Close()
	for i := range asks {
		asks[i].Fire()
		if err := w.Wait(ctx, &answers[i]); err != nil {
			b.Fatal(err)
		}
		if !asks[i].Fired() || !answers[i].Fired() {
			b.Fatalf("round %d ended before its answer", i)
		}
	}
	b.StopTimer()
	if n := <-answered; n != b.N {
		b.Fatalf("%d of %d asks were waited for", n, b.N)
	}
}
