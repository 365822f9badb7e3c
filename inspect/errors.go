package inspect

import "errors"

// ErrPublished is returned by [Publish] if the name is taken. The error's text has the
// name. Choose another name, or unpublish the other value first.
var ErrPublished = errors.New("inspect: name is already published")

// ErrName is returned by [Publish] if the name is empty or not valid UTF-8. Choose a name
// that a reader of the page can recognize.
var ErrName = errors.New("inspect: name is empty or not valid UTF-8")

// ErrNoEnd is returned by [Publish] with [UntilEnd] if the value does not report its end.
// Publish it without UntilEnd, and unpublish it.
var ErrNoEnd = errors.New("inspect: value does not report its end by a method Err() error")
