package event

import "context"

// healthyKey is the key of the function that WithHealthy is given.
type healthyKey struct{}

// WithHealthy returns a context under which a [Pipe] that is run calls f as soon as it
// watches its value: from then on it misses nothing. It is for supervisors that want to
// be told that what they have started is up.
//
// f is called once for each run, on its goroutine, before the first value is on offer, also if ctx
// has ended by then. The run goes on when f has returned; if f panics, the run does. No lock
// is held. f may be called concurrently if there are several runs. Contexts that are derived
// from the one returned carry f, too; of several, the last f counts.
//
// WithHealthy panics if ctx or f is nil.
func WithHealthy(ctx context.Context, f func()) context.Context {
	if ctx == nil {
		panic("event: WithHealthy: nil context")
	}
	if f == nil {
		panic("event: WithHealthy: nil function")
	}
	return context.WithValue(ctx, healthyKey{}, f)
}

// healthy calls the function that ctx carries, if there is one.
func healthy(ctx context.Context) {
	if f, ok := ctx.Value(healthyKey{}).(func()); ok {
		f()
	}
}
