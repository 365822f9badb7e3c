package event

// A GetOption modifies a Get. The zero GetOption does nothing. It may be copied, and
// several Gets may use it concurrently if its predicate allows that.
//
// Cost: options that are written in the call are an allocation for each Get. Keep them
// in a slice and pass that: w.Get(ctx, opts...).
type GetOption[T any] struct {
	// Predicate, if it is not nil, must accept a value for Get to return it.
	Predicate func(T) bool
	// BacklogOnly makes Get return BacklogDone where it would wait.
	BacklogOnly bool
}

// Filter makes Get skip the values that pred rejects. If there are several Filters, all
// must accept.
//
// pred runs on the goroutine that called Get. No lock is held. pred may call back into
// the value, and may Set it. A Get on the watcher that calls pred returns
// [ErrConcurrentGet]. In one Get, pred sees a version at most once, and Get returns the
// very value that pred accepted. If pred panics, the panic reaches the caller of Get, the
// watcher stays usable, and the value is unseen.
//
// A rejected value stays unseen if the Get then fails; the next Get passes it to pred
// again. It counts as seen if the Get returns a newer value, [BacklogDone] or the
// value's end.
//
// Filter panics if pred is nil.
func Filter[T any](pred func(T) bool) GetOption[T] {
	if pred == nil {
		panic("event: Filter: nil predicate")
	}
	return GetOption[T]{Predicate: pred}
}

// BacklogOnly makes Get return at once: the newest value if the watcher has not seen
// it, or else the value's end, or else [BacklogDone]. With a [Filter], a rejected value
// counts as seen once Get has returned BacklogDone.
//
// While a [Rate] or [Debounce] holds a value back, the result is BacklogDone.
//
// Such a Get never waits, with one exception: over a [Memo], or a view over one, it waits
// for a result that another call computes. It passes one value to the predicates, the
// newest at its look; a value that is set while they run is for the next Get.
func BacklogOnly[T any]() GetOption[T] {
	return GetOption[T]{BacklogOnly: true}
}
