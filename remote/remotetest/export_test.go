package remotetest

// Rules returns the names of all subtests.
func Rules() (names []string) {
	for _, g := range groups() {
		for _, r := range g.rules {
			names = append(names, g.name+"/"+r.name)
		}
	}
	return names
}
