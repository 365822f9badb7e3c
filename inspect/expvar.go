package inspect

import "fmt"

// Expvar returns the published values as a variable for package expvar:
//
//	expvar.Publish("event", inspect.Expvar())
//
// Its text is what the page answers to ?format=json. This package does not import expvar,
// which adds a handler to http.DefaultServeMux.
func Expvar() fmt.Stringer { return expvar{} }

type expvar struct{}

// String returns the snapshot of all published values as JSON. It implements expvar.Var.
func (expvar) String() string { return string(encodeAll()) }
