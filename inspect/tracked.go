package inspect

import (
	"cmp"
	"slices"
)

// A lagging is a record with the lag that a look found.
type lagging struct {
	*record
	version   uint64
	lag       uint64
	versioned bool
}

// compare orders the worst first: by lag, and then the oldest.
func (l lagging) compare(other lagging) int {
	return cmp.Or(cmp.Compare(other.lag, l.lag), l.opened.Compare(other.opened))
}

// countWatchers adds to info the number of watchers, the number of tracked watchers, and the
// largest lag. If list is true, it lists the worst of them, and the names.
func (e *entry) countWatchers(info *Info, list bool) {
	records, open := watchers.of(e.key, e.value)
	info.TrackedTotal, info.Watchers = len(records), open
	var l tracker
	for _, r := range records {
		found := r.look()
		info.WorstLag = max(info.WorstLag, found.lag)
		info.LagKnown = info.LagKnown || found.versioned
		if list {
			l.add(found)
		}
	}
	if list {
		info.Tracked, info.TrackedNames = l.tracked(), l.trackedNames()
	}
}

// A tracker lists the tracked watchers of a value. Its zero value is ready.
type tracker struct {
	worst []lagging
	bound *lagging // of what was kept last: nothing after it is among the worst
	names map[string]*TrackedName
}

func (t *tracker) add(l lagging) {
	t.addName(l)
	if t.bound != nil && l.compare(*t.bound) >= 0 {
		return
	}
	if t.worst = append(t.worst, l); len(t.worst) == 2*MaxTracked {
		t.worst = keepWorst(t.worst)
		last := t.worst[MaxTracked-1]
		t.bound = &last
	}
}

func (t *tracker) addName(l lagging) {
	if t.names == nil {
		t.names = make(map[string]*TrackedName)
	}
	n := t.names[l.name]
	if n == nil {
		n = &TrackedName{Name: l.name, Oldest: l.opened}
		t.names[l.name] = n
	}
	n.Open++
	n.WorstLag = max(n.WorstLag, l.lag)
	n.LagKnown = n.LagKnown || l.versioned
	if l.opened.Before(n.Oldest) {
		n.Oldest = l.opened
	}
}

// tracked returns the watchers that lag most.
func (t *tracker) tracked() (list []Tracked) {
	for _, l := range keepWorst(t.worst) {
		list = append(list, l.tracked())
	}
	return list
}

// trackedNames returns the names of the watchers that lag most.
func (t *tracker) trackedNames() (list []TrackedName) {
	for _, n := range t.names {
		list = append(list, *n)
	}
	slices.SortFunc(list, func(a, b TrackedName) int {
		return cmp.Or(cmp.Compare(b.WorstLag, a.WorstLag), a.Oldest.Compare(b.Oldest), cmp.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), MaxTracked)]
}

// keepWorst sorts l, and returns the first ones of it.
func keepWorst(l []lagging) []lagging {
	slices.SortFunc(l, lagging.compare)
	return l[:min(len(l), MaxTracked)]
}

// look reads the version before the lag. If the watcher moves in between, the sum of both is less
// than the newest version, and never more.
func (r *record) look() lagging {
	l := lagging{record: r}
	if r.versioner != nil {
		recovered(func() { l.version, _ = r.versioner.Version() })
	}
	if r.lagger != nil {
		recovered(func() { l.lag, l.versioned = r.lagger.Behind() })
	}
	return l
}

func (l lagging) tracked() Tracked {
	return Tracked{Name: l.name, Version: l.version, Lag: l.lag, Versioned: l.versioned, Opened: l.opened, Waiting: l.gets.Load() > 0}
}
