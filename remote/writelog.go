package remote

import "slices"

// maxWrites is the number of writes that a writeLog holds.
const maxWrites = 64

// A writeLog holds the last writes of this process through a feed, to find the
// ones that a reset may have undone. The zero writeLog is ready to use.
type writeLog struct {
	resets int // the number of resets that were noticed
	writes []loggedWrite
}

// A loggedWrite is a write that has returned.
type loggedWrite struct {
	revision int64
	resets   int // the value of writeLog.resets when the write returned
}

// add adds a write that has returned.
func (l *writeLog) add(revision int64) {
	if len(l.writes) == maxWrites {
		l.writes = slices.Delete(l.writes, 0, 1)
	}
	l.writes = append(l.writes, loggedWrite{revision, l.resets})
}

// mayBeUndone reports whether the last logged write at revision returned before
// a reset was noticed.
func (l *writeLog) mayBeUndone(revision int64) bool {
	for _, w := range slices.Backward(l.writes) {
		if w.revision == revision {
			return w.resets != l.resets
		}
	}
	return false
}
