package remote

import "slices"

// A purge holds what is left of a purged tombstone: the key was created at born
// and deleted at seq.
type purge struct{ born, seq uint64 }

// maxPurges is the greatest number of purges that are kept apart.
const maxPurges = 128

// purges are the purged tombstones of a table, without those that make no
// difference: a watcher that may know the key of the left out purge may know the
// key of a later purge.
//
// Invariant: both born and seq ascend.
//
// Once there are more than maxPurges, two neighbors become one purge that spans
// both. Then a watcher between the two restarts although it need not.
type purges []purge

// add adds a purge with the greatest seq so far.
func (ps *purges) add(p purge) {
	all := *ps
	for len(all) > 0 && all[len(all)-1].born >= p.born {
		all = all[:len(all)-1]
	}
	all = append(all, p)
	if len(all) > maxPurges {
		for i := range len(all) / 2 {
			all[i] = purge{all[2*i].born, all[2*i+1].seq}
		}
		if n := len(all) / 2; len(all)%2 == 1 {
			all[n] = all[len(all)-1]
			all = all[:n+1]
		} else {
			all = all[:n]
		}
	}
	*ps = all
}

// missed reports whether a watcher at the given position may know a key whose
// deletion it can no longer get. It returns the seq of such a deletion.
func (ps purges) missed(at position) (seq uint64, missed bool) {
	// Of all purges after a seq, the first has the least born. So only two of
	// them need a look: the first after the position, and the first after mark.
	for _, after := range [...]uint64{at.seq, max(at.seq, at.mark)} {
		i, _ := slices.BinarySearchFunc(ps, after+1, func(p purge, seq uint64) int {
			if p.seq < seq {
				return -1
			}
			return 1
		})
		if i < len(ps) && at.mayKnow(ps[i].born, ps[i].seq) {
			return ps[i].seq, true
		}
	}
	return 0, false
}
