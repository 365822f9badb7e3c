// Package yaml decodes YAML files for package file. It refuses keys that the data do not
// have and keys that are there twice, and its errors name a line and a column:
//
//	config := file.New("/etc/app/config.yaml", yaml.Decode[Config])
//
// The decoder is go.yaml.in/yaml/v4, which the YAML organization maintains. A file must hold
// one document.
package yaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"

	"github.com/eventvalue/event/file"
)

var (
	errNothing = errors.New("the file holds no document")
	errSeveral = errors.New("the file holds more than one document")
)

// Decode decodes the YAML document data. It refuses null, which a file of comments is: the empty
// mapping is {}. Its errors are of type [*file.Error]. Decode may be called concurrently.
func Decode[T any](data []byte) (T, error) {
	var val, zero T
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	switch err := d.Decode(&val); {
	case err == io.EOF:
		return zero, &file.Error{Err: errNothing}
	case err != nil:
		return zero, position(err)
	}
	if err := d.Decode(new(yaml.Node)); err != io.EOF {
		return zero, &file.Error{Err: errSeveral}
	}
	if isNull(data) {
		return zero, &file.Error{Err: errNothing}
	}
	return val, nil
}

// isNull reports whether the document data is null, which an empty document is, too.
func isNull(data []byte) bool {
	var n yaml.Node
	err := yaml.Unmarshal(data, &n)
	return err == nil && (len(n.Content) == 0 || n.Content[0].ShortTag() == "!!null")
}

// position returns the first error in err, with its position.
func position(err error) error {
	more := 0
	first, ok := errors.AsType[*yaml.LoadError](err)
	if all, several := errors.AsType[*yaml.LoadErrors](err); several && len(all.Errors) > 0 {
		first, ok, more = all.Errors[0], true, len(all.Errors)-1
	}
	if !ok {
		return &file.Error{Err: err}
	}
	text := first.Message
	if more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return &file.Error{Line: first.Mark.Line, Column: first.Mark.Column, Err: errors.New(text)}
}
