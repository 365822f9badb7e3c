package simulation

import "time"

// A truth is all that the store has ever held. It outlives restores.
//
// The moments of a key are in the order in which they happened. A restore begins
// another timeline: each key gets a moment for the state that it has then.
type truth struct {
	timeline int
	moments  map[string][]moment
	resets   []time.Time
}

// A moment is a version of a key on a timeline.
type moment struct {
	timeline int
	version
	at time.Time
}

// A mark is a place in the order of the moments of one key. The zero mark is
// before the first.
type mark struct {
	timeline int
	revision int64
}

func (m moment) mark() mark { return mark{m.timeline, m.revision} }

// less reports whether m is before o.
func (m mark) less(o mark) bool {
	return m.timeline < o.timeline || m.timeline == o.timeline && m.revision < o.revision
}

func newTruth() *truth { return &truth{timeline: 1, moments: make(map[string][]moment)} }

// of returns the moments of a key. At first each key is absent.
func (t *truth) of(key string) []moment {
	if t.moments[key] == nil {
		t.moments[key] = []moment{{timeline: 1, version: version{deleted: true}}}
	}
	return t.moments[key]
}

// add adds events that have happened.
func (t *truth) add(events []change) {
	for _, e := range events {
		t.moments[e.key] = append(t.of(e.key), moment{t.timeline, e.version, time.Now()})
	}
}

// reset begins another timeline, with the state of s.
func (t *truth) reset(s *store) {
	t.timeline++
	t.resets = append(t.resets, time.Now())
	for key, moments := range t.moments {
		v, ok := s.at(key, s.revision)
		if !ok {
			v = version{deleted: true}
		}
		t.moments[key] = append(moments, moment{t.timeline, v, time.Now()})
	}
}

// find returns the first moment of key that is not before m, or after m if after
// is true, and that has the given state. It also reports whether there was such a
// state at all.
func (t *truth) find(key string, v version, m mark, after bool) (found moment, ok, ever bool) {
	for _, at := range t.of(key) {
		if at.deleted != v.deleted || !v.deleted && (at.revision != v.revision || at.value != v.value) {
			continue
		}
		ever = true
		if m.less(at.mark()) || !after && m == at.mark() {
			return at, true, true
		}
	}
	return moment{}, false, ever
}

// newest returns the newest moment of a key.
func (t *truth) newest(key string) moment {
	all := t.of(key)
	return all[len(all)-1]
}
