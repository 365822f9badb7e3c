package leak_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event/internal/verify/leak"
)

func TestFound(t *testing.T) {
	before, ok := leak.Found()
	if !ok {
		t.Skip("built without the leak profile: see make leaks")
	}
	assert.Empty(t, before)
	waits, never := make(chan struct{}), make(chan struct{})
	go func() { close(waits); forEver(never) }()
	<-waits
	found := ""
	for range 1000 { // Until it does wait.
		if found, _ = leak.Found(); found != "" {
			break
		}
	}
	assert.Contains(t, found, "forEver")
}

//go:noinline
func forEver(never chan struct{}) { <-never }
