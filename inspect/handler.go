package inspect

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Handler returns the page of all published values. Mount it where /debug/pprof is, on a
// listener or behind a check that only operators pass: it checks no permission itself.
//
//	mux.Handle("/debug/values/", inspect.Handler())
//
// It answers GET only, on every path that is passed to it:
//
//   - without a query: the page, which is live in a browser that runs scripts, and otherwise
//     a static table.
//   - ?format=json: an object. Its key "values" has the values, with the fields of [Info].
//   - ?format=events, or the header Accept: text/event-stream: the same live. The first event
//     has all values. Each further event has the values that have changed since the event
//     before. A reader gets an event a second, or less if it is slow.
//   - ?value=name: only that value, in detail. It goes with both the page and the JSON.
//
// The page loads nothing from elsewhere, and its Content-Security-Policy forbids all scripts
// and styles but its own.
//
// A stream whose reader does not read ends after ten seconds. It also ends when its server shuts
// down. A read of a view runs the functions of the view, and may wait as long as they do.
func Handler() http.Handler { return new(handler) }

type handler struct{ shutdowns shutdowns }

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "only GET is allowed", http.StatusMethodNotAllowed)
		return
	}
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
	switch q.format {
	case formatEvents:
		h.serveStream(w, r)
	case formatJSON:
		serveJSON(w, open)
	default:
		servePage(w, open)
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
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
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

// serveJSON answers with all values, or with open if that is not nil.
func serveJSON(w http.ResponseWriter, open *entry) {
	w.Header().Set("Content-Type", "application/json")
	now := time.Now()
	if open != nil {
		_, _ = w.Write(encode(open.details(now)))
		return
	}
	_, _ = w.Write(encodeAll(now, Values()))
}
