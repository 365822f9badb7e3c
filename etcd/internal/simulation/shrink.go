package simulation

import "slices"

// Shrink drops steps for as long as fails is true of what is left. It calls fails
// at most limit times.
func (sc Scenario) Shrink(limit int, fails func(Scenario) bool) Scenario {
	for n := (len(sc.Steps) + 1) / 2; n > 0; n /= 2 {
		for i := 0; i < len(sc.Steps) && limit > 0; limit-- {
			less := sc
			less.Steps = slices.Delete(slices.Clone(sc.Steps), i, min(i+n, len(sc.Steps)))
			if fails(less) {
				sc = less
			} else {
				i += n
			}
		}
	}
	return sc
}
