package event

// A GetOption modifies a Get. The zero GetOption does nothing. It may be copied, and used by
// several Gets at once if its predicate may. To spare an allocation a Get, keep the options in
// a slice and pass that: w.Get(ctx, opts...).
type GetOption[T any] struct {
	// Predicate, if it is not nil, must accept a value for Get to return it.
	Predicate func(T) bool
	// BacklogOnly makes Get return BacklogDone where it would wait.
	BacklogOnly bool
}

// Filter makes Get skip the values that pred rejects. Several Filters must all accept.
//
// The predicate runs on the goroutine that called Get. No lock is held: it may call
// back into the value, also Set, but a Get on the very watcher that is asking returns
// [ErrConcurrentGet]. In one Get it sees a given version at most once, and what Get
// returns is the very value that it accepted. If it panics, the panic reaches the
// caller of Get, the watcher stays usable and the value unseen.
//
// A value that was rejected stays unseen if the Get then fails, and is asked about
// again by the next. It is passed if the Get returns a newer value, [BacklogDone] or
// the value's end.
//
// Filter panics if pred is nil.
func Filter[T any](pred func(T) bool) GetOption[T] {
	if pred == nil {
		panic("event: Filter: nil predicate")
	}
	return GetOption[T]{Predicate: pred}
}

// BacklogOnly makes Get return at once: the newest value if the watcher has not seen
// it, else [BacklogDone]. Together with [Filter], a value that is rejected counts as
// seen once BacklogDone has been returned.
//
// Over a value in memory such a Get never waits. It asks the predicates about one value, the
// newest when it looked: what comes while they run is for the next Get. A value that must ask a store first may wait until the store answers, and says so.
func BacklogOnly[T any]() GetOption[T] {
	return GetOption[T]{BacklogOnly: true}
}
