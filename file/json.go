package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// JSON decodes data, which must be one JSON value and not null. It refuses keys that T does not
// have, and its errors are of type [*Error], with line and column. Names of fields match in any
// case, and the last of two equal keys wins, as in package [encoding/json]. It is for New:
//
//	config := file.New("/etc/app/config.json", file.JSON[Config])
func JSON[T any](data []byte) (T, error) {
	var val, zero T
	if !utf8.Valid(data) {
		line, column := Position(data, invalidAt(data))
		return zero, &Error{Line: line, Column: column, Err: ErrNotText}
	}
	d, err := strict(data, &val)
	if err != nil {
		return zero, position(data, d.InputOffset(), err, new(T))
	}
	if _, err := d.Token(); err != io.EOF {
		line, column := Position(data, int(d.InputOffset()))
		return zero, &Error{Line: line, Column: column, Err: errors.New("more than one JSON value")}
	}
	if value := bytes.TrimSpace(data); string(value) == "null" {
		line, column := Position(data, bytes.Index(data, value))
		return zero, &Error{Line: line, Column: column, Err: errors.New("the JSON value is null")}
	}
	return val, nil
}

func strict(data []byte, into any) (*json.Decoder, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d, d.Decode(into)
}

// position returns err with its position, which package json gives in several ways.
func position(data []byte, offset int64, err error, into any) error {
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	mistyped, isMistyped := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case isSyntax:
		offset = syntax.Offset - 1 // It counts the byte that is wrong.
	case isMistyped:
		offset = mistyped.Offset - 1
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		offset, err = int64(len(data)), errors.New("unexpected end of the JSON value")
	default:
		if at, ok := unknownKey(data, err, into); ok {
			offset = int64(at)
		}
	}
	line, column := Position(data, int(offset))
	return &Error{Line: line, Column: column, Err: errors.New(strings.TrimPrefix(err.Error(), "json: "))}
}

// unknownKey returns the index of the key that err names. Package json gives no offset for
// it, and the same key may be known in other places. A document that ended at one of these
// places has the same error from the first unknown key on. So unknownKey finds it by
// bisection.
func unknownKey(data []byte, err error, into any) (int, bool) {
	_, key, found := strings.Cut(err.Error(), "unknown field ")
	if !found {
		return 0, false
	}
	places := placesOf(data, []byte(key))
	i := sort.Search(len(places), func(i int) bool {
		before := data[:places[i]]
		ended := slices.Concat(before, []byte(key+":null"), closers(before))
		_, same := strict(ended, into)
		return same != nil && same.Error() == err.Error()
	})
	if i == len(places) {
		return 0, false
	}
	return places[i], true
}

// placesOf returns the indexes in data at which the quoted key is before a colon.
func placesOf(data, key []byte) (places []int) {
	for at := 0; ; at++ {
		i := bytes.Index(data[at:], key)
		if i < 0 {
			return places
		}
		at += i
		if bytes.HasPrefix(bytes.TrimLeft(data[at+len(key):], " \t\r\n"), []byte(":")) {
			places = append(places, at)
		}
	}
}

// closers returns the brackets that end the JSON values that begin in data.
func closers(data []byte) (ends []byte) {
	quoted := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			ends = append(ends, c+2) // In ASCII } and ] are two after { and [.
		case c == '}' || c == ']':
			ends = ends[:max(0, len(ends)-1)]
		}
	}
	slices.Reverse(ends)
	return ends
}
