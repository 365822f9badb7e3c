package inspect

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/eventvalue/event"
)

// writeTimeout is the time after which a stream ends whose browser does not read.
const writeTimeout = 10 * time.Second

// serveStream sends the frames of the sampler, until the browser leaves, stops to read, or
// the server shuts down. A slow browser skips frames.
func (h *handler) serveStream(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		defer context.AfterFunc(h.shutdowns.of(server), cancel)()
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // A proxy is not to collect the events.
	// This is not the server's WriteTimeout, which is for the whole answer.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	send := func(text string) error {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // Without one, the connection's own remains.
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return control.Flush()
	}
	// The browser learns at once that there is a stream, even if the first look is slow.
	if err := send("retry: 250\n: live\n\n"); err != nil {
		return
	}
	frames := live.join()
	defer live.leave()
	frameWatcher := frames.Watch()
	defer frameWatcher.Close()
	_, _ = sendFrames(ctx, frameWatcher, func(data []byte) error {
		return send(fmt.Sprintf("event: values\ndata: %s\n\n", data))
	})
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
