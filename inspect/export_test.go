package inspect

import (
	"net/http"
	"time"
)

// HandlerWith is Handler with other times: after which an answer ends that is not read, and
// for which a stream lasts whose server may be shutting down.
func HandlerWith(writeTimeout, doubt time.Duration) http.Handler {
	return &handler{writeTimeout: writeTimeout, doubt: doubt}
}

// Sampling reports whether the goroutine of the live pages runs or is about to.
func Sampling() bool {
	live.mu.Lock()
	defer live.mu.Unlock()
	return live.run != nil
}

// Direct looks at a value without functions as if it had ended just after the check for
// an end.
func Direct(name string) Info { return values.get(name).look(false, true) }

// Groups returns the number of values with tracked watchers.
func Groups() int {
	watchers.mu.Lock()
	defer watchers.mu.Unlock()
	return len(watchers.groups)
}

// Held returns the number of values that the package refers to.
func Held() int {
	values.mu.Lock()
	defer values.mu.Unlock()
	return len(values.entries)
}
