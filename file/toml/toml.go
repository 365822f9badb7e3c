// Package toml decodes TOML files for package file. It refuses keys that the data do not
// have, and its errors name a line and a column:
//
//	config := file.New("/etc/app/config.toml", toml.Decode[Config])
package toml

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/eventvalue/event/file"
)

// Decode decodes the TOML document data. A file of comments is an empty table. Its errors are of
// type [*file.Error]. Decode may be called concurrently.
func Decode[T any](data []byte) (T, error) {
	var val, zero T
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&val); err != nil {
		return zero, position(err)
	}
	return val, nil
}

// position returns err with its position.
func position(err error) error {
	// This type is first, because its errors are found as a DecodeError, too.
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		first := unknown.Errors[0]
		line, column := first.Position()
		text := "unknown key " + strings.Join(first.Key(), ".")
		if more := len(unknown.Errors) - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more)", more)
		}
		return &file.Error{Line: line, Column: column, Err: errors.New(text)}
	}
	if bad, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := bad.Position()
		return &file.Error{Line: line, Column: column, Err: errors.New(strings.TrimPrefix(bad.Error(), "toml: "))}
	}
	return err
}
