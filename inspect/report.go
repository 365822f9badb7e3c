package inspect

import "time"

// The interfaces of this file are optional. A published value that has one of the methods
// is shown with what the method reports. The methods use the types of the standard library
// only, so that a package can have them without an import of this one. They must not wait,
// and may be called concurrently.

// A ConnectionReporter is a value that comes over a connection, such as a remote.Value.
type ConnectionReporter interface {
	// InspectConnection returns the state of the connection, such as "connected", and the
	// time at which the state began. The reason of the state may be nil. numbers has numbers
	// by name, such as a revision, and may be nil. A number may go down. The map must not
	// change after the call.
	InspectConnection() (state string, since time.Time, numbers map[string]uint64, reason error)
}

// A FileReporter is a value that is read from a file.
type FileReporter interface {
	// InspectFile returns the path of the file, and the error of the newest attempt to
	// read it. hash and loaded are of the content that the value has: a hash of it, and
	// the time at which it was read.
	InspectFile() (path, hash string, loaded time.Time, err error)
}

// A WatcherCounter is a value from outside of package event that counts its open watchers.
type WatcherCounter interface {
	// InspectWatchers returns the number of open watchers.
	InspectWatchers() int
}

// A VersionReporter is a value from outside of package event whose states have numbers.
type VersionReporter interface {
	// InspectVersion returns the number of the newest state, which never goes down.
	InspectVersion() uint64
}

// report adds to info what the value reports about itself.
func (e *entry) report(info *Info) {
	if e.ender != nil {
		if err := e.ender.Err(); err != nil {
			info.Ended, info.End = true, errorText(err)
		}
	}
	if v, is := e.value.(FileReporter); is {
		path, hash, loaded, err := v.InspectFile()
		info.File = &File{Path: clean(path), Loaded: cleanTime(loaded), Err: errorText(err), Good: err == nil && !loaded.IsZero()}
		if info.Shown { // A hash confirms a guess of the content.
			info.File.Hash = clean(hash)
		}
	}
	if v, is := e.value.(ConnectionReporter); is {
		state, since, numbers, reason := v.InspectConnection()
		info.Connection = &Connection{clean(state), cleanTime(since), errorText(reason), cleanKeys(numbers)}
	}
}

// newestProblem returns the error that the value has now, or "".
func (i *Info) newestProblem() string {
	switch {
	case i.Problem != "":
		return i.Problem
	case i.File != nil && i.File.Err != "":
		return i.File.Err
	case i.Connection != nil:
		return i.Connection.Reason
	}
	return ""
}

// state returns the state of the value in a word. empty reports that it has no data.
func (i *Info) state(empty bool) string {
	switch {
	case !i.Pending.IsZero():
		return "slow"
	case i.Ended:
		return "ended"
	case i.Failing:
		return "failing"
	case i.Connection != nil:
		return i.Connection.State
	case empty || i.Versioned && i.Version == 0:
		return "no data"
	}
	return "open"
}
