package remote

import (
	"context"
)

// sync waits until the state is at least as new as revision. op names the
// exported method for panics.
func (f *feed[S]) sync(ctx context.Context, op string, revision int64) error {
	if ctx == nil {
		panic("remote: " + op + ": nil context")
	}
	s, _ := f.acquire()
	defer f.release()
	w := s.progress.Watch()
	defer w.Close()
	for first, p0 := true, (progress{}); ; first = false {
		p, err := w.Get(ctx)
		switch {
		case err != nil:
			status, _ := f.status.Load()
			return status.explain(ctx, err, f.noun())
		case first:
			p0 = p
		case p.resets != p0.resets:
			return ErrReset
		}
		if p.revision >= revision {
			return nil
		}
	}
}

// noun names what f belongs to, for errors.
func (f *feed[S]) noun() string {
	if _, one := f.scope.One(); one {
		return "value"
	}
	return "range"
}
