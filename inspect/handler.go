package inspect

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Handler returns the page of all published values. Mount it where /debug/pprof is, on a
// listener or behind a check that only operators pass: it checks no permission itself.
//
//	mux.Handle("/debug/values/", inspect.Handler())
//
// It answers GET only, and refuses HEAD, too. It does so on every path that is passed to it:
//
//   - without a query: the page, which is live in a browser that runs scripts, and otherwise
//     a static table.
//   - ?format=json: an object. Its key "values" has the values, with the fields of [Info].
//   - ?format=events, or the header Accept: text/event-stream: the values live, without their
//     texts and their lists of tracked watchers. The first event has all values. Each further
//     event has the values that have changed since the event before, and all values without
//     versions. A reader gets an event a second, or less if it is slow. It requests the text of
//     a value with ?format=json&value=name.
//   - ?value=name: only that value, in detail. It goes with both the page and the JSON.
//
// The page loads nothing from elsewhere, and its Content-Security-Policy forbids all scripts
// and styles but its own. A page of another site gets neither the JSON nor the stream, if the
// browser sends Sec-Fetch-Site.
//
// An answer ends when its connection takes nothing for a minute. A reader that does not read
// reaches that state once the buffers of the connection are full. They may hold megabytes. When
// the server shuts down, a stream ends after the event in progress, and each answer after ten
// seconds at the latest. The first streams of a server may end after ten seconds: connect again.
//
// The answer to a stream is 501 if the ResponseWriter has no Flush. A handler around this one must
// have a method Flush or Unwrap on the ResponseWriter that it passes. A ResponseWriter that holds
// back data, for example to compress them, needs a Flush that sends them. With Unwrap alone, the
// events stay in it.
//
// A look at a view runs the functions of the view. See [Values] for functions that take long.
func Handler() http.Handler { return &handler{writeTimeout: writeTimeout, doubt: doubtTime} }

type handler struct {
	shutdowns    shutdowns
	writeTimeout time.Duration
	doubt        time.Duration // how long a stream lasts whose server may be shutting down
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "only GET is allowed", http.StatusMethodNotAllowed)
		return
	}
	server := h.shutdowns.of(r)
	q, err := parseQuery(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var open *entry
	if q.named {
		if open = values.get(q.value); open == nil {
			http.Error(w, fmt.Sprintf("no value %q is published", q.value), http.StatusNotFound)
			return
		}
	}
	if q.format != formatPage && r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		http.Error(w, "the data is not for pages of other sites", http.StatusForbidden)
		return
	}
	switch q.format {
	case formatEvents:
		h.serveStream(w, r, server)
	case formatJSON:
		h.serveJSON(w, server, open)
	default:
		h.servePage(w, server, open)
	}
}

// setHeaders sets what each answer has.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", page.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

const (
	formatPage   = "html"
	formatJSON   = "json"
	formatEvents = "events"
)

// A query is the parsed query of a request.
type query struct {
	format string
	value  string
	named  bool // there is a value
}

// parseQuery returns the query of r. Its errors are for the author of the address.
func parseQuery(r *http.Request) (query, error) {
	q := query{format: formatPage}
	all, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return q, fmt.Errorf("malformed query: %w", err)
	}
	if acceptsStream(r.Header.Values("Accept")) {
		q.format = formatEvents
	}
	for key, vals := range all {
		switch {
		case len(vals) > 1:
			return q, fmt.Errorf("more than one %q in the query", key)
		case key == "format":
			q.format = vals[0]
		case key == "value":
			q.value, q.named = vals[0], true
		}
	}
	switch q.format {
	case formatPage, formatJSON:
		return q, nil
	case formatEvents:
		if q.named {
			return q, fmt.Errorf("an event stream has all values, and not one")
		}
		return q, nil
	}
	return q, fmt.Errorf("unknown format %q: want html, json or events", q.format)
}

// acceptsStream reports whether an Accept header names the type of a stream, unless its quality
// is 0.
func acceptsStream(accept []string) bool {
	for mediaRange := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		mediaType, parameters, err := mime.ParseMediaType(mediaRange)
		if err != nil || mediaType != "text/event-stream" {
			continue
		}
		q, err := strconv.ParseFloat(parameters["q"], 64)
		return err != nil || q > 0
	}
	return false
}

// serveJSON answers with all values, or with open if that is not nil.
func (h *handler) serveJSON(w http.ResponseWriter, server *shutdown, open *entry) {
	var body json.RawMessage
	if open != nil {
		body = encode(open.details())
	} else {
		body = encodeAll()
	}
	h.answer(w, server, "application/json", body)
}
