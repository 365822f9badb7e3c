package inspect

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// maxText is the length at which the text of a value is cut.
const maxText = 64 << 10

// textOf returns the text of val that is shown: what show returns, or the text of its panic.
func textOf[T any](show func(T) string, val T) (text string) {
	if show == nil {
		return ""
	}
	if problem := recovered(func() { text = show(val) }); problem != "" {
		text = problem
	}
	return clean(text)
}

// errorText returns the text of err, or "" for nil.
func errorText(err error) (text string) {
	if err == nil {
		return ""
	}
	if problem := recovered(func() { text = err.Error() }); problem != "" {
		text = problem
	}
	return clean(text)
}

// recovered calls f, and returns the text of its panic, or "".
func recovered(f func()) (problem string) {
	defer func() {
		if p := recover(); p != nil {
			problem = clean("panic: " + panicText(p))
		}
	}()
	f()
	return ""
}

// panicText returns p if it is a string, and the text of an error. Of another panic it returns
// only the type, because the panic may be a secret value.
func panicText(p any) (text string) {
	switch p := p.(type) {
	case string:
		return p
	case error:
		text = fmt.Sprintf("an error of type %T", p)
		defer func() { _ = recover() }() // Error may panic, too.
		return p.Error()
	}
	return fmt.Sprintf("a value of type %T", p)
}

// clean returns text as valid UTF-8 of limited length.
func clean(text string) string {
	if len(text) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = fmt.Sprintf("%s… (%d bytes more)", text[:cut], len(text)-cut)
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// cleanTime returns t in UTC, or zero if JSON has no form of it.
func cleanTime(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// cleanKeys returns a copy of m whose keys are clean.
func cleanKeys(m map[string]uint64) map[string]uint64 {
	if m == nil {
		return nil
	}
	cleaned := make(map[string]uint64, len(m))
	for key, n := range m {
		cleaned[clean(key)] = n
	}
	return cleaned
}
