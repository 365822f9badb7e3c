package inspect

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
	"weak"

	"github.com/eventvalue/event"
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
// Publish panics if v is nil.
//
// Cost: an entry. Publish watches nothing, and adds nothing to Set, Watch, Get and Close.
// A look at a view runs the functions of the view, as a Load does.
func Publish[T any](name string, v event.ValueWatch[T], opts ...Option[T]) (unpublish func(), err error) {
	v = untracked(v)
	mustBeValue("Publish", v)
	s := settingsOf(opts)
	ender, _ := v.(interface{ Err() error })
	e := &entry{
		name:      name,
		typ:       reflect.TypeFor[T]().String(),
		published: time.Now(),
		value:     v,
		key:       keyOf(v),
		shown:     s.show != nil,
		read:      (&reader[T]{v: v, show: s.show}).read,
	}
	_, memory := v.(*event.MemoryValue[T])
	e.plain = memory && s.show == nil
	if s.untilEnd {
		e.untilEnd = ender
	}
	switch {
	case name == "" || !utf8.ValidString(name):
		return func() {}, fmt.Errorf("%w: %q", ErrName, name)
	case s.untilEnd && ender == nil:
		return func() {}, fmt.Errorf("%w: %q", ErrNoEnd, name)
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

// mustBeValue panics if v is nil.
func mustBeValue[T any](function string, v event.ValueWatch[T]) {
	if m, is := v.(*event.MemoryValue[T]); v == nil || is && m == nil {
		panic("inspect: " + function + ": nil value")
	}
}

// values holds what this process has published.
var values registry

// A registry holds the published values. Its zero value is ready.
type registry struct {
	mu      sync.Mutex
	entries map[string]*entry
	sweepAt int // the number of entries at which ended ones are removed
}

// add adds e. It reports false if the name is taken.
func (r *registry) add(e *entry) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.entries[e.name]; old != nil && !old.over() {
		return false
	}
	if len(r.entries) >= r.sweepAt {
		r.sweep()
	}
	if r.entries == nil {
		r.entries = make(map[string]*entry)
	}
	r.entries[e.name] = e
	return true
}

// sweep removes the entries whose values have ended, if they were published until then.
func (r *registry) sweep() {
	for name, e := range r.entries {
		if e.over() {
			delete(r.entries, name)
		}
	}
	r.sweepAt = 2*len(r.entries) + 16
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
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep()
	all := make([]*entry, 0, len(r.entries))
	for _, e := range r.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int { return strings.Compare(a.name, b.name) })
	return all
}

// get returns the entry with the given name, or nil.
func (r *registry) get(name string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.entries[name]; e != nil && !e.over() {
		return e
	}
	return nil
}
