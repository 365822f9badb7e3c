package inspect

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
	"weak"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
)

// Publish lists v under name until unpublish is called. It may be called concurrently with
// everything in this package.
//
// Publish returns one of these errors, and then publishes nothing:
//
//   - an error that wraps [ErrPublished], if the name is taken.
//   - an error that wraps [ErrName], if the name is empty or not valid UTF-8.
//   - an error that wraps [ErrNoEnd]: see [UntilEnd].
//
// unpublish is never nil. It may be called more than once, and does nothing after an error.
// A later value of the same name is not affected.
//
// Until then the package refers to v. The watchers that [Track] has made of v are listed with
// it. For that v must be the same value in both calls. A view is a new value in each
// call of Map or another function that makes it. If v is what Track returned, the value that
// was given to Track is published.
//
// Publish panics if v is nil, or a nil pointer.
//
// Cost: an entry. Publish watches nothing, and adds nothing to Set, Watch, Get and Close.
// Publish and each look run the functions of a view, as a Load does.
func Publish[T any](name string, v event.ValueWatch[T], opts ...Option[T]) (unpublish func(), err error) {
	v = untracked(v)
	mustBeValue("Publish", v)
	s := settingsOf(opts)
	ender := capability.Of(v).Ender
	switch {
	case name == "" || !utf8.ValidString(name):
		return func() {}, fmt.Errorf("%w: %q", ErrName, name)
	case s.untilEnd && ender == nil:
		return func() {}, fmt.Errorf("%w: %q", ErrNoEnd, name)
	case values.get(name) != nil: // Checked before functions of a view run, and by add again.
		return func() {}, fmt.Errorf("%w: %q", ErrPublished, name)
	}
	_, memory := v.(*event.MemoryValue[T])
	e := &entry{
		name:      name,
		typ:       reflect.TypeFor[T]().String(),
		published: time.Now(),
		value:     v,
		key:       keyOf(v),
		shown:     s.show != nil,
		read:      (&reader[T]{v: v, show: s.show}).read,
		ender:     ender,
		untilEnd:  s.untilEnd,
		plain:     memory && s.show == nil,
	}
	recovered(func() { // Functions of a view run. If one panics, the page shows that.
		var r reading
		_, _ = (&reader[T]{v: v}).load(&r)
		e.firstVersion = r.version
	})
	if !values.add(e) {
		return func() {}, fmt.Errorf("%w: %q", ErrPublished, name)
	}
	// unpublish keeps no value: callers hold it longer than they have to.
	published := weak.Make(e)
	return func() { values.remove(published.Value()) }, nil
}

// mustBeValue panics if v is nil, or a nil pointer: a Watch of it would panic later, elsewhere.
func mustBeValue[T any](function string, v event.ValueWatch[T]) {
	if r := reflect.ValueOf(v); !r.IsValid() || r.Kind() == reflect.Pointer && r.IsNil() {
		panic("inspect: " + function + ": nil value")
	}
}

// values holds what this process has published.
var values registry

// A registry holds the published values. Its zero value is ready.
type registry struct {
	mu      sync.Mutex // no function of the program runs under it
	entries map[string]*entry
	sweepAt int // the number of entries at which ended ones are removed
}

// add adds e. It reports false if the name is taken.
func (r *registry) add(e *entry) bool {
	if r.full() {
		r.sweep()
	}
	_ = r.get(e.name) // Frees the name if the value has ended.
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries[e.name] != nil {
		return false
	}
	if r.entries == nil {
		r.entries = make(map[string]*entry)
	}
	r.entries[e.name] = e
	return true
}

// full reports whether it is time for a sweep.
func (r *registry) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.entries) >= r.sweepAt
}

// sweep removes the entries whose values have ended, if they were published until then. It
// returns the others.
func (r *registry) sweep() (open []*entry) {
	r.mu.Lock()
	all := slices.Collect(maps.Values(r.entries))
	r.mu.Unlock()
	for _, e := range all {
		if e.over() {
			r.remove(e)
		} else {
			open = append(open, e)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweepAt = 2*len(r.entries) + 16
	return open
}

// remove removes e, unless it is nil or was removed before.
func (r *registry) remove(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e != nil && r.entries[e.name] == e {
		delete(r.entries, e.name)
	}
}

// all returns the entries, sorted by name.
func (r *registry) all() []*entry {
	all := r.sweep()
	slices.SortFunc(all, func(a, b *entry) int { return strings.Compare(a.name, b.name) })
	return all
}

// get returns the entry with the given name, or nil. It removes an entry whose value has ended,
// if it was published until then.
func (r *registry) get(name string) *entry {
	r.mu.Lock()
	e := r.entries[name]
	r.mu.Unlock()
	if e != nil && e.over() {
		r.remove(e)
		return nil
	}
	return e
}
