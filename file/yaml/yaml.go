// Package yaml decodes YAML files for package file. It refuses keys that the data do not
// have and keys that are there twice, and its errors name a line and a column:
//
//	config := file.New("/etc/app/config.yaml", yaml.Decode[Config])
//
// The decoder is that of github.com/goccy/go-yaml: it is maintained, and knows the column
// of each error. A file must hold one document.
package yaml

import (
	"bytes"
	"errors"
	"io"

	"github.com/goccy/go-yaml"

	"github.com/eventvalue/event/file"
)

var (
	errNothing = errors.New("the file holds no document")
	errSeveral = errors.New("the file holds more than one document")
)

// Decode decodes the YAML document data. Its errors are of type [*file.Error]. Decode may be
// called concurrently.
func Decode[T any](data []byte) (T, error) {
	var val, zero T
	d := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	switch err := d.Decode(&val); {
	case err == io.EOF:
		return zero, &file.Error{Err: errNothing}
	case err != nil:
		return zero, position(err)
	}
	if err := d.Decode(new(any)); err != io.EOF {
		return zero, &file.Error{Err: errSeveral}
	}
	return val, nil
}

// position returns err with its position. The text of err would show the lines around it,
// which may hold secrets.
func position(err error) error {
	bad, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return &file.Error{Err: err}
	}
	e := &file.Error{Err: errors.New(bad.GetMessage())}
	if t := bad.GetToken(); t != nil && t.Position != nil {
		e.Line, e.Column = t.Position.Line, t.Position.Column
	}
	return e
}
