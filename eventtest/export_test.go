package eventtest

import "time"

// SetPatience sets how long the suite waits for what ought to happen.
func SetPatience(d time.Duration) { patience = d }

// Rules are the names of all subtests.
func Rules() (names []string) {
	for _, g := range guarantees() {
		for _, r := range g.rules {
			names = append(names, g.name+"/"+r.name)
		}
	}
	return names
}
