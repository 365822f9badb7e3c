package inspect

import "time"

// MaxTracked is the number of tracked watchers that an [Info] lists, and of names of them.
const MaxTracked = 100

// An Info is what a look found out about a published value. It is a copy: changing it has no
// effect.
type Info struct {
	Name string `json:"name"`
	Type string `json:"type"` // the type of the values

	// Version is the number of the newest version. Versioned reports that there is such
	// a number. It is false for a value without versions, such as a Combine, and for a view
	// until its source has data.
	Version   uint64 `json:"version"`
	Versioned bool   `json:"versioned"`

	// HasData reports that the value is a Loader and has data.
	HasData bool `json:"hasData"`

	// Sets is the number of versions since Publish.
	Sets uint64 `json:"sets"`

	// Rate is the number of versions per second since an earlier look, which was at least
	// 0.9 seconds before. While a page is open, that look was about a second before.
	// Otherwise it may have been long before. Rate is 0 until there were two such looks, and
	// if values have no versions.
	Rate float64 `json:"rate"`

	// Seen is the time of the look that found this version first, or zero if there is no
	// version. A Set does not note its time. So Seen is later than the Set: at most a second
	// while a page is open, and otherwise up to the time between two looks.
	Seen time.Time `json:"seen"`

	Published time.Time `json:"published"` // the time of Publish
	At        time.Time `json:"-"`         // the time of the end of the look, the same in one snapshot

	// Size is the number of bytes of the value itself, and of what it refers to if it is
	// a pointer, a string or a slice. It does not go deeper. It is -1 if the value is not
	// a Loader, or has no data.
	Size int64 `json:"size"`

	// Text is the value as text. It is "" unless [Show] was given.
	Text  string `json:"text,omitempty"`
	Shown bool   `json:"shown"` // Show was given

	// Watchers is the number of open watchers, or -1 if the value does not count them.
	Watchers int `json:"watchers"`

	// TrackedTotal is the number of open watchers from [Track]. WorstLag is the largest
	// lag of one. LagKnown reports that there is a lag: a tracked watcher that has versions.
	TrackedTotal int    `json:"trackedTotal"`
	WorstLag     uint64 `json:"worstLag"`
	LagKnown     bool   `json:"lagKnown"`

	// Tracked has the tracked watchers that lag most, at most [MaxTracked], the worst
	// first, and the oldest first among equals.
	Tracked []Tracked `json:"tracked,omitempty"`

	// TrackedNames has a summary of all tracked watchers of each name. It has at most
	// [MaxTracked] names, in the order of Tracked.
	TrackedNames []TrackedName `json:"-"`

	// Ended reports that the value has ended, and End has the text of the error. A view over
	// one value has ended when that has, even if a watcher has not seen all. The end of a
	// view over several values is not known.
	Ended bool   `json:"ended"`
	End   string `json:"end,omitempty"`

	// State is the state in a word: "open", "ended", "no data", "failing", "slow", or the
	// state of the connection.
	State string `json:"state"`

	// Pending is zero, or the time at which a look began that has not ended. The Info is then
	// from the newest look before it. It has the fields that Publish knows if there was none.
	Pending time.Time `json:"pending,omitzero"`

	// Failing reports that there is a Problem, or that the newest attempt to read the File
	// has failed.
	Failing bool `json:"failing"`

	// Problem is the text of a panic of a function of the value, or "". It also reports that
	// a function has called runtime.Goexit. The Version is then the newest that a look has
	// read.
	Problem string `json:"problem,omitempty"`

	Connection *Connection `json:"connection,omitempty"` // from a [ConnectionReporter]
	File       *File       `json:"file,omitempty"`       // from a [FileReporter]
}

// A Tracked is an open watcher from [Track].
type Tracked struct {
	Name string `json:"name"`

	// Version is the version that the watcher has passed last, and Lag the number of
	// versions since. Versioned reports that the watcher has both.
	Version   uint64 `json:"version"`
	Lag       uint64 `json:"lag"`
	Versioned bool   `json:"versioned"`

	Opened time.Time `json:"opened"` // the time of Watch

	// Waiting reports that a Get is in progress. It is false for a watcher that waits for
	// a Changed channel.
	Waiting bool `json:"waiting"`
}

// A TrackedName is a summary of the open watchers from [Track] that have one name.
type TrackedName struct {
	Name     string
	Open     int       // the number of watchers
	WorstLag uint64    // the largest lag
	LagKnown bool      // a watcher has versions
	Oldest   time.Time // the time of the first Watch
}

// A Connection is the state of the connection of a value.
type Connection struct {
	State   string            `json:"state"`
	Since   time.Time         `json:"since"`
	Reason  string            `json:"reason,omitempty"`
	Numbers map[string]uint64 `json:"numbers,omitempty"` // by name; a number may go down
}

// A File is the state of the file of a value.
type File struct {
	Path   string    `json:"path"`
	Hash   string    `json:"hash"`          // of the content, or "" without [Show]
	Loaded time.Time `json:"loaded"`        // zero before the first successful load
	Err    string    `json:"err,omitempty"` // of the newest attempt, or ""

	// Good reports that the content of the file is the value: it was loaded, and the newest
	// attempt has not failed.
	Good bool `json:"good"`
}

// Values returns a snapshot of all published values, sorted by name. Each value is looked at
// in this call. It may be called concurrently.
//
// The list has the values that were published at one instant. Version, text and size of an
// Info are from one state of its value. Two values are not read at the same instant. An Info
// is consistent even if values are set, watched and looked at concurrently:
//
//   - Seen, Published and Opened of a tracked watcher are not after At.
//   - Version, Seen and At do not go back from one call to the next one.
//   - a tracked watcher is not ahead of the value: the sum of its Version and its Lag is at most
//     the Version of the value, if the value is versioned.
//   - Watchers is at least TrackedTotal, unless it is -1.
//
// A look runs functions of the program: those of views and of [Show], and the methods of
// reporters. If one of them does not return, Values returns nevertheless, after half a second.
// The Info of that value is then from the newest look before: see Pending. A look is not
// repeated before it has ended. So a function that never returns holds one goroutine.
//
// Cost: it grows with the number of values and of tracked watchers. A value with functions of
// the program costs a goroutine. The functions of a view run in each look. The function of
// Show runs for each new version, and in each look if values have no versions.
func Values() []Info {
	infos, _ := lookAll(values.all(), true)
	return infos
}
