package bench

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"
)

// RoundTrip is two goroutines that answer each other. A round trip has two
// values, two watchers, two Sets and two wake-ups.
var RoundTrip = Workload{
	Name:       "RoundTrip",
	Contexts:   []string{ctxNone, ctxCancel, ctxTimeout},
	iterations: always("150ms"),
	// A contender that ignores contexts is a reference for the others, even if
	// the context of the others can be canceled. A timeout that is ignored
	// would only be a waste of time.
	suits: func(c Contender, a args) bool { return !c.IgnoresContext || a.context != ctxTimeout },
	run: func(b *testing.B, c Contender, a args) {
		ctx := context.Background()
		if a.context != ctxNone {
			cancellable, cancel := context.WithCancel(ctx)
			defer cancel()
			ctx = cancellable
		}
		get := getUnder(ctx)
		if a.context == ctxTimeout {
			get = getWithTimeout(ctx)
		}
		roundTrip(b, c, get)
	},
}

type getter func(Watcher[int64]) (int64, error)

func getUnder(ctx context.Context) getter {
	return func(w Watcher[int64]) (int64, error) { return w.Get(ctx) }
}

func getWithTimeout(ctx context.Context) getter {
	return func(w Watcher[int64]) (int64, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return w.Get(ctx)
	}
}

func roundTrip(b *testing.B, c Contender, get getter) {
	there, back := c.New(), c.New()
	n := int64(b.N)
	echoed := make(chan error, 1)
	b.ReportAllocs()
	go func() { echoed <- echo(there, back, n, get) }()
	w := back.Watch()
	defer w.Close()
	b.ResetTimer()
	for i := range n {
		there.Set(i)
		if val, err := get(w); val != ^i || err != nil {
			b.Fatal("set", i, "got", val, err)
		}
	}
	b.StopTimer()
	if err := <-echoed; err != nil {
		b.Fatal(err)
	}
}

// echo answers each of the values from 0 to n with its complement.
func echo(there, back Value[int64], n int64, get getter) error {
	w := there.Watch()
	defer w.Close()
	for i := range n {
		val, err := get(w)
		if val != i || err != nil {
			back.Set(math.MaxInt64) // Without an answer the other side would never return.
			return fmt.Errorf("set %d, got %d: %v", i, val, err)
		}
		back.Set(^val)
	}
	return nil
}
