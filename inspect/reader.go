package inspect

import (
	"reflect"

	"github.com/eventvalue/event"
)

// A reading is what a look reads of the value itself.
type reading struct {
	version   uint64
	versioned bool
	hasData   bool
	empty     bool // a Loader without data
	size      int64
	text      string
	problem   string // of a panic, or ""
	watchers  int    // as a WatcherCounter reports it, or -1
}

// A reader reads a value of type T.
type reader[T any] struct {
	v    event.ValueWatch[T]
	show func(T) string // or nil
}

// read reads the value. last is an earlier reading. Its text and size are taken if the version
// is the same.
func (r *reader[T]) read(last reading) (now reading) {
	now = reading{size: -1, watchers: -1}
	now.problem = recovered(func() {
		if c, is := any(r.v).(WatcherCounter); is {
			now.watchers = c.InspectWatchers()
		}
		val, ok := r.load(&now)
		if !ok {
			_, now.empty = any(r.v).(event.Loader[T])
			return
		}
		now.hasData = true
		if now.versioned && last.hasData && last.versioned && last.version == now.version {
			now.size, now.text = last.size, last.text
			return
		}
		now.size = sizeOf(reflect.ValueOf(&val).Elem())
		now.text = textOf(r.show, val)
	})
	return now
}

// load returns the newest value, and stores its version in now.
func (r *reader[T]) load(now *reading) (val T, ok bool) {
	if val, now.version, ok = event.LoadVersion(r.v); ok {
		now.versioned = true
		return val, true
	}
	if n, is := any(r.v).(VersionReporter); is {
		// The number is loaded first: a newer value is then read again in the next look.
		now.version, now.versioned = n.InspectVersion(), true
	}
	if _, is := any(r.v).(*event.MemoryValue[T]); is {
		now.versioned = true // It has no data, and may get them now.
		return val, false
	}
	return event.Load(r.v)
}

// sizeOf returns the number of bytes of v, and of what it refers to directly.
func sizeOf(v reflect.Value) int64 {
	size := int64(v.Type().Size())
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			size += int64(v.Type().Elem().Size())
		}
	case reflect.String:
		size += int64(v.Len())
	case reflect.Slice:
		size += int64(v.Len()) * int64(v.Type().Elem().Size())
	case reflect.Interface:
		if !v.IsNil() {
			size += sizeOf(v.Elem())
		}
	}
	return size
}
