package inspect

import (
	"net/http"
	"time"
)

// writeTimeout is the time after which an answer ends whose reader does not read. For a stream
// it is the time for each event.
const writeTimeout = 10 * time.Second

// answer writes body. A reader that does not read would otherwise hold up a Shutdown of the
// server for good, if the server has no WriteTimeout. The server takes the deadline back before
// the next answer on the connection.
func (h *handler) answer(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.writeTimeout))
	_, _ = w.Write(body)
}
