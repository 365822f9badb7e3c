package remote

import "time"

// InspectConnection reports the Status to package inspect. While the Value has watchers, the
// counters are the revision that was received last, and the number of resets.
func (v *Value[T]) InspectConnection() (state string, since time.Time, counters map[string]uint64, reason error) {
	s, _ := v.source.connection().Load()
	return s.State.String(), s.Since, v.source.counters(), s.Reason
}

// InspectConnection reports the Status to package inspect. While the Range has watchers, the
// counters are the revision that was received last, and the number of resets.
func (r *Range[T]) InspectConnection() (state string, since time.Time, counters map[string]uint64, reason error) {
	s, _ := r.feed.status.Load()
	return s.State.String(), s.Since, r.feed.counters(), s.Reason
}

// counters returns the numbers of the session in progress, or nil.
func (f *feed[S]) counters() map[string]uint64 {
	f.mu.Lock()
	s := f.current
	f.mu.Unlock()
	if s == nil {
		return nil
	}
	p, ok := s.progress.Load()
	if !ok {
		return nil
	}
	return map[string]uint64{"revision": uint64(p.revision), "resets": uint64(p.resets)}
}

func (k *rangeKey[T]) counters() map[string]uint64 { return k.feed.counters() }
