package inspect

// An Option changes what [Publish] and [Log] do with a value. See [Show] and [UntilEnd].
type Option[T any] func(*settings[T])

type settings[T any] struct {
	show     func(T) string // nil: the value is a secret
	untilEnd bool
}

func settingsOf[T any](opts []Option[T]) (s settings[T]) {
	for _, opt := range opts {
		opt(&s)
	}
	return s
}

// Show makes the value visible as the result of text. Leave out what is secret in text. The
// result is escaped where it is shown, and cut after 64 KiB. The hash of the file of a
// [FileReporter] is also shown then.
//
// text runs on a goroutine of a look or on that of a [Log], without a lock. It may run
// concurrently. A look calls it once for each version that it finds. If values have no
// versions, each look calls it. If text panics, the text of the panic is shown instead. If it
// does not return, no further look at the value begins: see [Values].
//
// Show panics if text is nil.
func Show[T any](text func(T) string) Option[T] {
	if text == nil {
		panic("inspect: Show: nil function")
	}
	return func(s *settings[T]) { s.show = text }
}

// UntilEnd makes the end of the value unpublish it. The value must report its end. A MemoryValue
// does, and so does each view over one value that does. Another value does so by a method Err()
// error that returns nil until its end. Err must not wait, and must not call Values.
//
// An ended value is in no snapshot, and its name is free. The package refers to it until the
// next look, or until as many values were published as there were before.
//
// Cost: nothing in Set or Close. Nothing watches the value.
func UntilEnd[T any]() Option[T] {
	return func(s *settings[T]) { s.untilEnd = true }
}
