package inspect

import (
	"net/http"
	"strconv"
	"time"
)

// writeTimeout is the time after which an answer ends whose reader does not read, and so is
// the time for an event of a stream.
const writeTimeout = 10 * time.Second

// answer writes body. A reader that does not read would otherwise hold up a Shutdown of the
// server for good, if the server has no WriteTimeout.
func (h *handler) answer(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // Nothing is left to write after the Flush.
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(h.writeTimeout))
	_, _ = w.Write(body)
	_ = control.Flush()
	_ = control.SetWriteDeadline(time.Time{}) // The next answer on the connection may be of another handler.
}
