package inspect

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed page.html
var pageFile string

var page = newPageParts(pageFile)

// pageParts is page.html, cut where its table begins and ends. The style and the script
// are sent as they are in the file, because the policy has their hashes.
type pageParts struct {
	head, tail string
	body       *template.Template
	policy     string // the Content-Security-Policy
}

func newPageParts(file string) pageParts {
	file = strings.Replace(file, "<title>", "<title>"+html.EscapeString(programName())+": ", 1)
	head, rest, _ := strings.Cut(file, "<body>")
	body, tail, _ := strings.Cut(rest, "<script>")
	return pageParts{
		head:   head + "<body>",
		tail:   "<script>" + tail,
		body:   template.Must(template.New("page").Funcs(pageFuncs).Parse(body)),
		policy: policy(between(head, "<style>", "</style>"), between("<script>"+tail, "<script>", "</script>")),
	}
}

// programName returns the name of this program. It distinguishes the pages of several programs.
func programName() string {
	if len(os.Args) == 0 {
		return "unknown"
	}
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}

// between returns the part of s between begin and end, which are in s.
func between(s, begin, end string) string {
	_, s, _ = strings.Cut(s, begin)
	s, _, _ = strings.Cut(s, end)
	return s
}

// policy returns a Content-Security-Policy that allows the given style and script, and
// requests to the same address.
func policy(style, script string) string {
	return fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src 'self'; img-src data:; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", hash(style), hash(script))
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// servePage answers with the static table. Below it are the details of open, if that is not
// nil. A script then makes the page live.
func (h *handler) servePage(w http.ResponseWriter, server *shutdown, open *entry) {
	var data struct {
		Now    time.Time
		Values []Info
		Open   *details
	}
	data.Values, data.Now = lookAll(values.all(), true)
	if open != nil {
		d := open.details()
		data.Open, data.Now = &d, d.At
	}
	b := bytes.NewBufferString(page.head)
	if err := page.body.Execute(b, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b.WriteString(page.tail)
	h.answer(w, server, "text/html; charset=utf-8", b.Bytes())
}

var pageFuncs = template.FuncMap{
	"since": since,
	"size":  sizeText,
	"rate":  rateText,
}

// since returns the time between two times for a reader, such as "3m".
func since(now, then time.Time) string {
	switch d := now.Sub(then); {
	case then.IsZero():
		return "–"
	case d < time.Second:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
}

// sizeText returns a size for a reader.
func sizeText(n int64) string {
	switch {
	case n < 0:
		return "–"
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%d MB", n/1_000_000)
}

// rateText returns a rate for a reader.
func rateText(r float64) string {
	switch {
	case r == 0:
		return "0"
	case r < 10:
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}
