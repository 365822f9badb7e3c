package inspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/eventvalue/event"
)

// serveStream sends the frames of the sampler, until the browser leaves, stops to read, or
// the server shuts down. A slow browser skips frames.
func (h *handler) serveStream(w http.ResponseWriter, r *http.Request, server *shutdown) {
	ctx, cancel := server.limit(r.Context(), h.doubt)
	defer cancel()
	s := h.newSender(w, server) // Its deadlines replace the server's WriteTimeout, which is for the whole answer.
	defer s.close()
	_ = s.control.SetReadDeadline(time.Time{})
	setStreamHeaders(w.Header())
	s.extend() // The server's deadline may have passed.
	if err := s.control.Flush(); errors.Is(err, http.ErrNotSupported) {
		http.Error(w, "no event streams: the server, or a handler around this one, cannot send parts of an answer", http.StatusNotImplemented)
		return
	}
	// The browser learns at once that there is a stream, even if the first look is slow.
	if err := s.send([]byte("retry: 250\n: live\n\n")); err != nil {
		return
	}
	frames := live.join()
	defer live.leave()
	frameWatcher := frames.Watch()
	defer frameWatcher.Close()
	_, _ = sendFrames(ctx, frameWatcher, func(data []byte) error {
		return s.send(fmt.Appendf(nil, "event: values\ndata: %s\n\n", data))
	})
}

func setStreamHeaders(header http.Header) {
	header.Set("Content-Type", "text/event-stream")
	// A proxy must not collect the events, for example to compress them.
	header.Set("Cache-Control", "no-store, no-transform")
	header.Set("X-Accel-Buffering", "no")
}

// sendFrames calls send with what each frame adds to the one before, until an error. It
// returns the number of frames that it sent.
func sendFrames(ctx context.Context, frames event.Watcher[*frame], send func(data []byte) error) (sent int, err error) {
	var last uint64
	for {
		f, err := frames.Get(ctx)
		if err != nil {
			return sent, err
		}
		s := f.since(last)
		if last == 0 {
			s.Rates = pastRates()
		}
		if err := send(encode(s)); err != nil {
			return sent, err
		}
		last = f.number
		sent++
	}
}

// pastRates returns the rates of all values, by name.
func pastRates() map[string][]float64 {
	all := make(map[string][]float64)
	for _, e := range values.all() {
		_, all[e.name] = e.past()
	}
	return all
}
