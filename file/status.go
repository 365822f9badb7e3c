package file

import (
	"time"
)

// A Status is the state of a value after its newest attempt to load.
type Status struct {
	// Version is the version in force, as [event.Version] counts: 0 before the first.
	Version uint64

	// Hash identifies the content in force. For a single file it is the SHA-256 of the
	// content without a byte order mark, in hexadecimal.
	Hash string

	// Loaded is the time at which the version in force was published.
	Loaded time.Time

	// Err is the error of the newest attempt, or nil if what the files hold is in force. It
	// is an [*Error], which names the path that the user gave. If the decoder has wrapped or
	// joined errors with a position, Err wraps what the decoder has returned.
	Err error

	// Polling is the reason why the value polls, or nil if it waits for events.
	Polling error

	// NotAfter is the time at which the certificate of a [KeyPair] expires. It is zero for
	// other values.
	NotAfter time.Time
}

// equal reports whether other has nothing new after s.
func (s Status) equal(other Status) bool {
	return s.Version == other.Version && s.Hash == other.Hash && message(s.Err) == message(other.Err) &&
		message(s.Polling) == message(other.Polling)
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
