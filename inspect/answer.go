package inspect

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// writeTimeout is the time after which an answer ends whose connection takes no piece of it. It
	// is long because the kernel takes data in large steps. If the reader is slow, there may be
	// half a minute between two steps.
	writeTimeout = time.Minute

	// hurryTime is the time for what is left of an answer when a Shutdown begins.
	hurryTime = 10 * time.Second

	// pieceSize is the number of bytes that are written under one deadline. It is small, so that a
	// slow reader takes a piece in time.
	pieceSize = 4 << 10
)

// A sender writes an answer. Each piece has a deadline, because a reader that does not read would
// otherwise hold up a Shutdown of the server for good. A Shutdown sets a deadline for all that is
// left, because a slow reader would hold it up for long.
//
// Go does not report how much of a piece the reader has. A Write that the buffers of the connection
// absorb counts as progress.
type sender struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	stop    func() bool // stops the wait for the Shutdown

	mu   sync.Mutex
	last time.Time // the deadline of all that is left, or zero before a Shutdown
	done bool      // w must not be used
}

// newSender returns a sender for an answer of server, which may be nil. Call close after the
// last piece.
func (h *handler) newSender(w http.ResponseWriter, server *shutdown) *sender {
	s := &sender{w: w, control: http.NewResponseController(w), timeout: h.writeTimeout, stop: func() bool { return true }}
	if server != nil {
		s.stop = context.AfterFunc(server.begun, s.hurry)
	}
	return s
}

// write writes data.
func (s *sender) write(data []byte) error {
	for len(data) > 0 {
		n := min(len(data), pieceSize)
		s.extend()
		if _, err := s.w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	s.extend()
	return nil
}

// send writes data, and flushes it.
func (s *sender) send(data []byte) error {
	if err := s.write(data); err != nil {
		return err
	}
	return s.control.Flush()
}

// extend sets the deadline of the next piece.
func (s *sender) extend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	deadline := s.last
	if deadline.IsZero() {
		deadline = time.Now().Add(s.timeout)
	}
	_ = s.control.SetWriteDeadline(deadline)
}

// hurry sets the deadline of all that is left.
func (s *sender) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return
	}
	s.last = time.Now().Add(min(s.timeout, hurryTime))
	_ = s.control.SetWriteDeadline(s.last)
}

// close ends the use of the ResponseWriter. The newest deadline remains. It limits what the server
// writes at the end of the answer.
func (s *sender) close() {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
}

// answer writes body. The server takes the deadline back before the next answer on the connection.
func (h *handler) answer(w http.ResponseWriter, server *shutdown, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	s := h.newSender(w, server)
	defer s.close()
	_ = s.write(body)
}
