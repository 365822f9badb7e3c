package simulation

import (
	"slices"
	"sort"
)

// A version is one state of a key.
type version struct {
	revision int64
	value    string
	deleted  bool
}

// A change is a new version of a key.
type change struct {
	key string
	version
}

// A store is etcd's multi-version store: the state of all members that do not
// lag behind. The mutex of its world guards it.
type store struct {
	cluster, term       uint64
	revision, compacted int64
	keys                map[string][]version // by ascending revision
	events              []change             // by ascending revision
}

func newStore() *store {
	return &store{cluster: 1, term: 5, revision: 1, keys: make(map[string][]version)}
}

// commit writes events at one new revision. A deletion of an absent key is left
// out. If nothing is left, there is no new revision.
func (s *store) commit(events ...change) []change {
	var done []change
	for _, e := range events {
		if _, present := s.at(e.key, s.revision); !e.deleted || present {
			e.revision = s.revision + 1
			done = append(done, e)
		}
	}
	if len(done) == 0 {
		return nil
	}
	s.revision++
	for _, e := range done {
		s.keys[e.key] = append(s.keys[e.key], e.version)
	}
	s.events = append(s.events, done...)
	return done
}

// at returns the state of key at a revision, and whether the key was present.
func (s *store) at(key string, revision int64) (version, bool) {
	versions := s.keys[key]
	i := sort.Search(len(versions), func(i int) bool { return versions[i].revision > revision })
	if i == 0 || versions[i-1].deleted {
		return version{}, false
	}
	return versions[i-1], true
}

// inRange reports whether key is in a range, in etcd's terms.
func inRange(key, from, end string) bool {
	switch end {
	case "":
		return key == from
	case "\x00":
		return key >= from
	}
	return from <= key && key < end
}

// state returns the keys of a range that were present at a revision, by key.
func (s *store) state(from, end string, revision int64) []change {
	var all []change
	if end == "" {
		if v, ok := s.at(from, revision); ok {
			all = append(all, change{from, v})
		}
		return all
	}
	for key := range s.keys {
		if inRange(key, from, end) {
			if v, ok := s.at(key, revision); ok {
				all = append(all, change{key, v})
			}
		}
	}
	slices.SortFunc(all, func(a, b change) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
	return all
}

// since returns the events of a range from a revision up to another.
func (s *store) since(from, end string, revision, last int64) []change {
	var all []change
	i := sort.Search(len(s.events), func(i int) bool { return s.events[i].revision >= revision })
	for _, e := range s.events[i:] {
		if e.revision > last {
			break
		}
		if inRange(e.key, from, end) {
			all = append(all, e)
		}
	}
	return all
}

// restore returns the store as a backup has it that was made at a revision.
func (s *store) restore(revision int64) *store {
	r := newStore()
	r.cluster, r.term, r.revision, r.compacted = s.cluster, s.term, revision, min(s.compacted, revision)
	for _, e := range s.events {
		if e.revision <= revision {
			r.keys[e.key] = append(r.keys[e.key], e.version)
			r.events = append(r.events, e)
		}
	}
	return r
}
