package inspect

import (
	"reflect"
	"sync"
	"time"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
)

// A record is what the package holds of a tracked watcher that is open.
type record struct {
	name      string
	opened    time.Time
	lagger    capability.Lagger    // or nil
	versioner capability.Versioner // or nil

	// gets is the number of Gets in progress.
	gets atomic.Int32

	// group is the list that has the record, at index, or nil if none has. Both are
	// guarded by openWatchers.mu.
	group *group
	index int
}

// A group is the open tracked watchers of one value.
type group struct {
	key     any
	records []*record
}

// watchers holds the tracked watchers that are open.
var watchers openWatchers

// openWatchers holds the tracked watchers by value. Its zero value is ready.
type openWatchers struct {
	mu     sync.Mutex
	groups map[any]*group // without empty ones, so that no value is kept for its key
}

// add lists r with the value of the given key.
func (o *openWatchers) add(key any, r *record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.groups[key]
	if g == nil {
		if o.groups == nil {
			o.groups = make(map[any]*group)
		}
		g = &group{key: key}
		o.groups[key] = g
	}
	r.group, r.index = g, len(g.records)
	g.records = append(g.records, r)
}

// remove undoes add. It does nothing if r is not listed.
func (o *openWatchers) remove(r *record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := r.group
	if g == nil {
		return
	}
	last := len(g.records) - 1
	moved := g.records[last]
	g.records[r.index], moved.index = moved, r.index
	g.records[last] = nil
	g.records = g.records[:last]
	r.group = nil
	if last == 0 {
		delete(o.groups, g.key)
	}
}

// of returns the records of the value with the given key, and the number of its open watchers, or
// -1 if package event does not count them.
//
// Invariant: a watcher is counted from before add until after remove. So open is not less than the
// number of records, because both are read under mu.
func (o *openWatchers) of(key, value any) (records []*record, open int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if g := o.groups[key]; g != nil {
		records = append(records, g.records...)
	}
	open, ok := capability.OpenWatchers(value)
	if !ok {
		open = -1
	}
	return records, open
}

// keyOf returns what identifies the value v: v itself if it is comparable. Another value is
// identical to none.
func keyOf(v any) any {
	if reflect.ValueOf(v).Comparable() {
		return v
	}
	return new(byte)
}
