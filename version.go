package event

import "github.com/eventvalue/event/internal/capability"

// Version returns the version of the newest value that w has passed: by returning it, or
// by returning [BacklogDone] or the value's end after a [Filter] had rejected it. The Sets
// and successful Updates of a value have the versions 1, 2, 3 and so on. A value that a
// Filter or a view leaves out has a version, too. The version of a watcher that has passed
// nothing is 0. Close of the watcher or the value does not change it.
//
// After a Get has returned a value, Version is the version of that value. It never goes
// down. Two watchers of one value that have the same version have passed the same Set.
//
// A [MemoryValue] has versions. [Map], [Memo], [Distinct] and [Where] have the versions of
// their source. For all other views ok is false. It is also false for a watcher from another
// module, unless the watcher has the method Version() (uint64, bool).
//
// Version may be called concurrently with all methods of w. Get never moves the watcher
// before it returns, so that a predicate that calls Version gets the version from before
// the Get. Version panics if w is nil.
//
// Cost: an atomic load, and a call for each view in between. Get keeps nothing for it.
func Version[T any](w Watcher[T]) (version uint64, ok bool) {
	if w == nil {
		panic("event: Version: nil watcher")
	}
	if v := capability.Of(w).Versioner; v != nil {
		return v.Version()
	}
	return 0, false
}

// Behind returns the number of versions between what w has passed, as [Version] reports
// it, and the newest value: how far a consumer lags. Each Set counts, and so does a value
// that a [Filter] or a view leaves out. It is 0 for a watcher that was closed, and for a
// watcher with nothing to get.
//
// ok is false where Version returns false. A watcher from another module can have the
// method Behind() (uint64, bool).
//
// Behind may be called concurrently with all methods of w and has no effect on them. It
// panics if w is nil.
//
// Cost: three atomic loads, and a call for each view in between. Get keeps nothing for it.
func Behind[T any](w Watcher[T]) (versions uint64, ok bool) {
	if w == nil {
		panic("event: Behind: nil watcher")
	}
	if l := capability.Of(w).Lagger; l != nil {
		return l.Behind()
	}
	return 0, false
}

// LoadVersion returns the newest value of v, its version and true. The two belong
// together. A watcher of v for which [Version] returns the same version has passed the value
// of the same Set.
//
// LoadVersion returns zero, 0 and false before the first Set, if v is not a [Loader], and
// if the watchers of v have no versions. It does so for a value of a type from another
// module, too, unless the value has the method LoadVersion() (T, uint64, bool). Views call
// that method instead of Load. If a type embeds a [MemoryValue], pass the MemoryValue.
// LoadVersion panics if v is nil.
//
// Cost: an atomic load, and what the functions of the views in between cost.
func LoadVersion[T any](v ValueWatch[T]) (val T, version uint64, ok bool) {
	if isNil(v) {
		panic("event: LoadVersion: nil value")
	}
	switch v := v.(type) {
	case *MemoryValue[T]:
		return v.loadVersion()
	case *loadableView[T]:
		if val, version, ok := v.load(); ok && version > 0 {
			return val, version, true
		}
	case versionLoader[T]:
		if val, version, ok := v.LoadVersion(); ok && version > 0 {
			return val, version, true
		}
	}
	return val, 0, false
}
