package inspect

import (
	"cmp"
	"slices"
)

// A lagging is a record with the lag that a look found.
type lagging struct {
	*record
	lag       uint64
	versioned bool
}

// compare orders the worst first: by lag, and then the oldest.
func (l lagging) compare(other lagging) int {
	return cmp.Or(cmp.Compare(other.lag, l.lag), l.opened.Compare(other.opened))
}

// countTracked adds to info the number of the tracked watchers of the value with the given
// key, and the largest lag. If list is true, it lists the worst of them.
func countTracked(info *Info, key any, list bool) {
	records := watchers.appendTo(nil, key)
	info.TrackedTotal = len(records)
	if list {
		info.Tracked, info.WorstLag = listWorst(records)
		return
	}
	for _, r := range records {
		info.WorstLag = max(info.WorstLag, r.look().lag)
	}
}

// listWorst returns the records that lag most, and the largest lag.
func listWorst(records []*record) (list []Tracked, lag uint64) {
	worst := make([]lagging, 0, min(len(records), 2*MaxTracked))
	var bound *lagging // of what was kept last: nothing after it is among the worst
	for _, r := range records {
		l := r.look()
		lag = max(lag, l.lag)
		if bound != nil && l.compare(*bound) >= 0 {
			continue
		}
		if worst = append(worst, l); len(worst) == 2*MaxTracked {
			worst = keepWorst(worst)
			bound = &lagging{record: worst[MaxTracked-1].record, lag: worst[MaxTracked-1].lag}
		}
	}
	for _, l := range keepWorst(worst) {
		list = append(list, l.tracked())
	}
	return list, lag
}

// keepWorst sorts l, and returns the first ones of it.
func keepWorst(l []lagging) []lagging {
	slices.SortFunc(l, lagging.compare)
	return l[:min(len(l), MaxTracked)]
}

func (r *record) look() lagging {
	l := lagging{record: r}
	if r.lagger != nil {
		recovered(func() { l.lag, l.versioned = r.lagger.Behind() })
	}
	return l
}

func (l lagging) tracked() Tracked {
	t := Tracked{Name: clean(l.name), Lag: l.lag, Versioned: l.versioned, Opened: l.opened, Waiting: l.gets.Load() > 0}
	if l.versioner != nil {
		recovered(func() { t.Version, _ = l.versioner.Version() })
	}
	return t
}
