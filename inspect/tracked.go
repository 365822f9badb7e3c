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

// listTracked adds the tracked watchers of the value with the given key to info.
func listTracked(info *Info, key any) {
	records := watchers.appendTo(nil, key)
	info.TrackedTotal = len(records)
	worst := make([]lagging, 0, min(len(records), 2*MaxTracked))
	var bound *lagging // of what was kept last: nothing after it is among the worst
	for _, r := range records {
		l := r.look()
		info.WorstLag = max(info.WorstLag, l.lag)
		if bound != nil && l.compare(*bound) >= 0 {
			continue
		}
		if worst = append(worst, l); len(worst) == 2*MaxTracked {
			worst = keepWorst(worst)
			bound = &lagging{record: worst[MaxTracked-1].record, lag: worst[MaxTracked-1].lag}
		}
	}
	for _, l := range keepWorst(worst) {
		info.Tracked = append(info.Tracked, l.tracked())
	}
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
