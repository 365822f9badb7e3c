package remote

import "time"

// Err returns nil while the Value is open, and then the error with which it has ended: what
// writes return, and what watchers get last. It takes a mutex, and does not wait for the store.
func (v *Value[T]) Err() error { return v.source.err() }

// Err returns nil while the Range is open, and then the error with which it has ended: see
// [Value.Err].
func (r *Range[T]) Err() error { return r.feed.err() }

// InspectConnection reports the Status to package inspect. The numbers are the resets that were
// noticed, and the revision that was received last. The revision is missing while the Value has
// no watchers, and goes down in a reset.
func (v *Value[T]) InspectConnection() (state string, since time.Time, numbers map[string]uint64, reason error) {
	s, _ := v.source.connection().Load()
	return s.State.String(), s.Since, v.source.numbers(), s.Reason
}

// InspectConnection reports the Status to package inspect: see [Value.InspectConnection].
func (r *Range[T]) InspectConnection() (state string, since time.Time, numbers map[string]uint64, reason error) {
	s, _ := r.feed.status.Load()
	return s.State.String(), s.Since, r.feed.numbers(), s.Reason
}

// numbers returns what InspectConnection reports.
func (f *feed[S]) numbers() map[string]uint64 {
	f.mu.Lock()
	s, resets := f.current, f.writes.resets
	f.mu.Unlock()
	numbers := map[string]uint64{"resets": uint64(resets)}
	if s == nil {
		return numbers
	}
	if p, ok := s.progress.Load(); ok {
		numbers["revision"] = uint64(p.revision)
	}
	return numbers
}

func (k *rangeKey[T]) numbers() map[string]uint64 { return k.feed.numbers() }
